import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { dockerConfigPath, helmRegistryConfigPath } from "./credential-file-paths.ts";
import type { Credential, CredentialRequest } from "./credential.ts";
import { checkCredentialFile } from "./read-credential-file.ts";
import { authOf, dockerFile, helmFile, useCredentialHome } from "./testing/credential-home.ts";

const { find, path, user, write } = useCredentialHome();

describe("which source wins", () => {
  it("explicit, then Helm's file, then DOCKER_AUTH_CONFIG, then Docker's file, then nobody", async () => {
    expect(await user()).toBe("anonymous");
    write(dockerFile, { auths: { "reg.example:5000": authOf("docker", "d") } });
    expect(await user()).toBe("docker");
    const environment = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "reg.example:5000": authOf("variable", "v") } }) };
    expect(await user({}, { environment })).toBe("variable");
    write(helmFile, { auths: { "reg.example:5000": authOf("helm", "h") } });
    expect(await user({}, { environment })).toBe("helm");
    const explicit: Credential = { kind: "basic", username: "said", password: "s", source: "--username" };
    expect(await user({ refused: ["--username"] }, { environment, explicit })).toBe("said");
  });

  it("another file stands in for Helm's", async () => {
    write(helmFile, { auths: { "reg.example:5000": authOf("helm", "h") } });
    const registryConfig = write("own.json", { auths: { "reg.example:5000": authOf("own", "o") } });
    expect(await user({}, { registryConfig })).toBe("own");
  });

  it("a file that was named must be there: nobody is asked instead", async () => {
    write(helmFile, { auths: { "reg.example:5000": authOf("helm", "h") } });
    for (const registryConfig of [path("missing.json"), join(write("file", ""), "below-a-file")]) {
      const failure = { code: "file-missing", message: expect.stringContaining(registryConfig), hint: expect.stringContaining("path") };
      await expect(find({}, { registryConfig })).rejects.toMatchObject(failure);
      await expect(checkCredentialFile(registryConfig)).rejects.toMatchObject(failure);
    }
    await expect(checkCredentialFile(write("broken.json", "{"))).rejects.toMatchObject({ code: "credentials-unavailable" });
    await checkCredentialFile(path(helmFile));
  });

  it("a file that was read already is not read again, and nobody is waited for who may write to a pipe", async () => {
    const text = JSON.stringify({ auths: { "reg.example:5000": authOf("own", "o") } });
    const registryConfig = { path: path("read"), text };
    await checkCredentialFile(registryConfig);
    expect(await find({}, { registryConfig })).toMatchObject({ username: "own", source: `${path("read")} (reg.example:5000)` });
    execFileSync("mkfifo", [path("pipe")]);
    const failure = { code: "credentials-unavailable", message: `the credential file ${path("pipe")} is a pipe` };
    await expect(checkCredentialFile(path("pipe"))).rejects.toMatchObject(failure);
  });

  it("the next one follows a source that was refused", async () => {
    const file = write(helmFile, { auths: { "reg.example:5000": authOf("helm", "h") } });
    write(dockerFile, { auths: { "reg.example:5000": authOf("docker", "d") } });
    expect(await user({ refused: [`${file} (reg.example:5000)`] })).toBe("docker");
  });

  it("empty, missing and strange but harmless files are passed over", async () => {
    for (const content of [
      "",
      "  \n",
      "{}",
      '{"auths":{}}',
      '{"auths":null,"credsStore":""}',
      '{"auths":{"reg.example:5000":{}}}',
      '\ufeff{"HttpHeaders":{"a":1}}',
    ]) {
      write(helmFile, content);
      expect(await user()).toBe("anonymous");
    }
  });

  it("a broken file is an error that names it and never quotes it", async () => {
    const broken = [
      '{"auths": secret',
      "[]",
      '{"auths":[]}',
      '{"auths":{"reg.example:5000":"secret"}}',
      '{"credsStore":"../secret"}',
      '{"auths":{"reg.example:5000":{"auth":"secret"}}}',
    ];
    for (const content of broken) {
      const file = write(helmFile, content);
      const failure: unknown = await find().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "credentials-unavailable" });
      expect(String(failure)).toContain(file);
      expect(String(failure)).not.toContain("secret");
    }
  });
});

describe("keys of the file", () => {
  const cases: readonly (readonly [string, readonly string[], Partial<CredentialRequest>, string])[] = [
    ["the exact host and port", ["reg.example", "reg.example:5000"], {}, "reg.example:5000"],
    ["no other port", ["reg.example:5001", "reg.example"], {}, "anonymous"],
    ["a scheme before it", ["https://reg.example:5000"], {}, "https://reg.example:5000"],
    ["a scheme and the API's path", ["https://reg.example:5000/v2/"], {}, "https://reg.example:5000/v2/"],
    ["Docker Hub's", ["https://index.docker.io/v1/"], { key: "https://index.docker.io/v1/" }, "https://index.docker.io/v1/"],
    ["another case", ["REG.example:5000"], {}, "REG.example:5000"],
    [
      "the longest path",
      ["reg.example:5000", "reg.example:5000/team", "reg.example:5000/team/app"],
      { repository: "team/app/web" },
      "reg.example:5000/team/app",
    ],
    ["whole path elements only", ["reg.example:5000/team/ap", "reg.example:5000"], { repository: "team/app" }, "reg.example:5000"],
    ["no path where none is asked for", ["reg.example:5000/team"], {}, "anonymous"],
    ["no host that merely begins alike", ["reg.example:5000.evil.example"], {}, "anonymous"],
    ["never __proto__", ["__proto__"], { key: "constructor" }, "anonymous"],
  ];
  it.each(cases)("match %s", async (...[, keys, request, expected]) => {
    const auths = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(authOf(key.replaceAll(":", ";"), "p"))}`);
    write(helmFile, `{"auths":{${auths.join()}}}`);
    expect((await user(request)).replaceAll(";", ":")).toBe(expected);
  });
});

describe("forms of an entry", () => {
  it.each([
    [authOf("u", "p:with:colons"), { kind: "basic", username: "u", password: "p:with:colons" }],
    [
      { username: "u", password: "p" },
      { kind: "basic", username: "u", password: "p" },
    ],
    [
      { ...authOf("wins", "p"), username: "u", password: "q" },
      { kind: "basic", username: "wins", password: "p" },
    ],
    [authOf("u", "p\0\0"), { kind: "basic", username: "u", password: "p" }],
    [authOf("grüße", "pässe"), { kind: "basic", username: "grüße", password: "pässe" }],
    [
      { ...authOf("u", ""), identitytoken: "it" },
      { kind: "refresh", refreshToken: "it" },
    ],
    [authOf("<token>", "it"), { kind: "refresh", refreshToken: "it" }],
    [{ registrytoken: "rt" }, { kind: "bearer", token: "rt" }],
  ])("%j", async (entry, expected) => {
    const file = write(helmFile, { auths: { "reg.example:5000": entry } });
    expect(await find()).toEqual({ ...expected, source: `${file} (reg.example:5000)` });
  });
});

describe("where the files lie", () => {
  it.each([
    [{ HELM_REGISTRY_CONFIG: "/r.json", HELM_CONFIG_HOME: "/h" }, "linux", "/r.json"],
    [{ HELM_CONFIG_HOME: "/h", XDG_CONFIG_HOME: "/x" }, "linux", "/h/registry/config.json"],
    [{ XDG_CONFIG_HOME: "/x" }, "darwin", "/x/helm/registry/config.json"],
    [{}, "linux", "/home/me/.config/helm/registry/config.json"],
    [{}, "darwin", "/home/me/Library/Preferences/helm/registry/config.json"],
    [{ APPDATA: "C:\\Users\\me\\AppData\\Roaming" }, "win32", "C:\\Users\\me\\AppData\\Roaming\\helm\\registry\\config.json"],
  ] as const)("Helm's with %j on %s", (environment, platform, expected) => {
    expect(helmRegistryConfigPath({ environment, platform, home: "/home/me" })).toBe(expected);
  });

  it("Docker's", () => {
    expect(dockerConfigPath({ environment: {}, platform: "linux", home: "/home/me" })).toBe("/home/me/.docker/config.json");
    expect(dockerConfigPath({ environment: { DOCKER_CONFIG: "/d" }, platform: "linux", home: "/home/me" })).toBe("/d/config.json");
    expect(dockerConfigPath({ environment: {}, platform: "win32", home: "C:\\Users\\me" })).toBe("C:\\Users\\me\\.docker\\config.json");
  });
});
