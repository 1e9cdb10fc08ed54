import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createCredentialProvider, type CredentialProviderOptions } from "./credential-files.ts";
import { dockerConfigPath, helmRegistryConfigPath } from "./credential-file-paths.ts";
import type { Exec } from "./credential-helper.ts";
import type { Credential, CredentialRequest } from "./credential.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "chartferry-home-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const helm = ".config/helm/registry/config.json";
const docker = ".docker/config.json";
const auth = (user: string, password: string): { auth: string } => ({ auth: Buffer.from(`${user}:${password}`).toString("base64") });

async function write(file: string, content: unknown): Promise<string> {
  const path = join(home, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function find(request: Partial<CredentialRequest> = {}, options: Partial<CredentialProviderOptions> = {}): Promise<Credential> {
  return createCredentialProvider({ environment: {}, home, platform: "linux", ...options })({ key: "reg.example:5000", ...request });
}

const user = async (...args: Parameters<typeof find>): Promise<string> => {
  const credential = await find(...args);
  return credential.kind === "basic" ? credential.username : credential.kind;
};

const says =
  (answers: Record<string, string>, calls: string[] = []): Exec =>
  (program, { args, input }) => {
    calls.push(`${program} ${args.join(" ")} < ${input}`);
    const answer = answers[program];
    if (answer === undefined) return Promise.reject(Object.assign(new Error("spawn"), { code: "ENOENT" }));
    return Promise.resolve(answer.startsWith("{") ? { exitCode: 0, stdout: answer } : { exitCode: 1, stdout: answer });
  };
const login = (username: string): string => JSON.stringify({ ServerURL: "x", Username: username, Secret: "s3cret" });

describe("which source wins", () => {
  it("explicit, then Helm's file, then DOCKER_AUTH_CONFIG, then Docker's file, then nobody", async () => {
    expect(await user()).toBe("anonymous");
    await write(docker, { auths: { "reg.example:5000": auth("docker", "d") } });
    expect(await user()).toBe("docker");
    const environment = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "reg.example:5000": auth("variable", "v") } }) };
    expect(await user({}, { environment })).toBe("variable");
    await write(helm, { auths: { "reg.example:5000": auth("helm", "h") } });
    expect(await user({}, { environment })).toBe("helm");
    const explicit: Credential = { kind: "basic", username: "said", password: "s", source: "--username" };
    expect(await user({ refused: ["--username"] }, { environment, explicit })).toBe("said");
  });

  it("another file stands in for Helm's", async () => {
    await write(helm, { auths: { "reg.example:5000": auth("helm", "h") } });
    const registryConfig = await write("own.json", { auths: { "reg.example:5000": auth("own", "o") } });
    expect(await user({}, { registryConfig })).toBe("own");
    expect(await user({}, { registryConfig: join(home, "missing.json") })).toBe("anonymous");
  });

  it("the next one follows a source that was refused", async () => {
    const file = await write(helm, { auths: { "reg.example:5000": auth("helm", "h") } });
    await write(docker, { auths: { "reg.example:5000": auth("docker", "d") } });
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
      await write(helm, content);
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
      const file = await write(helm, content);
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
    const auths = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(auth(key.replaceAll(":", ";"), "p"))}`);
    await write(helm, `{"auths":{${auths.join()}}}`);
    expect((await user(request)).replaceAll(";", ":")).toBe(expected);
  });
});

describe("forms of an entry", () => {
  it.each([
    [auth("u", "p:with:colons"), { kind: "basic", username: "u", password: "p:with:colons" }],
    [
      { username: "u", password: "p" },
      { kind: "basic", username: "u", password: "p" },
    ],
    [
      { ...auth("wins", "p"), username: "u", password: "q" },
      { kind: "basic", username: "wins", password: "p" },
    ],
    [auth("u", "p\0\0"), { kind: "basic", username: "u", password: "p" }],
    [auth("grüße", "pässe"), { kind: "basic", username: "grüße", password: "pässe" }],
    [
      { ...auth("u", ""), identitytoken: "it" },
      { kind: "refresh", refreshToken: "it" },
    ],
    [auth("<token>", "it"), { kind: "refresh", refreshToken: "it" }],
    [{ registrytoken: "rt" }, { kind: "bearer", token: "rt" }],
  ])("%j", async (entry, expected) => {
    const file = await write(helm, { auths: { "reg.example:5000": entry } });
    expect(await find()).toEqual({ ...expected, source: `${file} (reg.example:5000)` });
  });
});

describe("credential helpers", () => {
  it("come in the order: the host's own, the store, the file", async () => {
    await write(helm, {
      auths: { "reg.example:5000": auth("file", "f") },
      credsStore: "store",
      credHelpers: { "reg.example:5000": "own", "other.example": "wrong" },
    });
    const none = "credentials not found in native keychain";
    const calls: string[] = [];
    expect(await user({}, { exec: says({ "docker-credential-own": login("own") }, calls) })).toBe("own");
    expect(await user({}, { exec: says({ "docker-credential-own": none, "docker-credential-store": login("store") }, calls) })).toBe(
      "store",
    );
    expect(await user({}, { exec: says({ "docker-credential-own": none, "docker-credential-store": none }, calls) })).toBe("file");
    expect(calls[0]).toBe("docker-credential-own get < reg.example:5000");
  });

  it("give a refresh token under the user <token>", async () => {
    await write(docker, { credsStore: "store" });
    expect(await find({}, { exec: says({ "docker-credential-store": login("<token>") }) })).toMatchObject({
      kind: "refresh",
      refreshToken: "s3cret",
    });
  });

  it("that fail are an error naming helper and file, never anonymous, and never what they printed", async () => {
    const file = await write(helm, { credsStore: "store" });
    await write(docker, { auths: { "reg.example:5000": auth("docker", "d") } });
    for (const answer of ["secret: exploded", '{"Username":"secret"}', "{secret", undefined]) {
      const failure: unknown = await find({}, { exec: says(answer === undefined ? {} : { "docker-credential-store": answer }) }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: "credentials-unavailable" });
      expect(String(failure)).toContain("docker-credential-store");
      expect(String(failure)).toContain(file);
      expect(String(failure)).not.toContain("secret");
    }
  });

  it("are passed over where they are our own, which would call itself", async () => {
    await write(helm, { credHelpers: { "reg.example:5000": "chartferry" }, auths: { "reg.example:5000": auth("file", "f") } });
    expect(await user({}, { exec: says({}) })).toBe("file");
  });

  it("are run once per host, and again when what they said was refused", async () => {
    await write(helm, { credsStore: "store" });
    const calls: string[] = [];
    let turn = 0;
    const exec: Exec = (...call) => says({ "docker-credential-store": login(`u${(turn += 1)}`) }, calls)(...call);
    const provider = createCredentialProvider({ environment: {}, home, platform: "linux", exec });
    const first = await provider({ key: "reg.example" });
    await provider({ key: "reg.example", repository: "a/b" });
    expect(calls.length).toBe(1);
    expect(await provider({ key: "reg.example", refused: [first.source] })).toMatchObject({ username: "u2" });
    expect(calls.length).toBe(2);
  });

  it.skipIf(process.platform === "win32")(
    "run as real programs found on PATH (skipped on Windows: the helper is a shell script)",
    async () => {
      const program = await write(
        "bin/docker-credential-real",
        '#!/bin/sh\nread key\necho "{\\"ServerURL\\":\\"$key\\",\\"Username\\":\\"u-$1-$key\\",\\"Secret\\":\\"s\\"}"\n',
      );
      await chmod(program, 0o755);
      const missing = await write(
        "bin/docker-credential-missing",
        '#!/bin/sh\ncat >/dev/null\necho "credentials not found in native keychain"\nexit 1\n',
      );
      await chmod(missing, 0o755);
      await write(helm, { credHelpers: { "reg.example:5000": "real", "none.example": "missing", "absent.example": "absent" } });
      const environment = { PATH: [join(home, "bin"), process.env["PATH"]].join(delimiter) };
      expect(await user({}, { environment })).toBe("u-get-reg.example:5000");
      expect(await user({ key: "none.example" }, { environment })).toBe("anonymous");
      await expect(find({ key: "absent.example" }, { environment })).rejects.toThrow("not on PATH");
    },
  );
});

describe("where the files lie", () => {
  it.each([
    [{ HELM_REGISTRY_CONFIG: "/r.json", HELM_CONFIG_HOME: "/h" }, "linux", "/r.json"],
    [{ HELM_CONFIG_HOME: "/h", XDG_CONFIG_HOME: "/x" }, "linux", "/h/registry/config.json"],
    [{ XDG_CONFIG_HOME: "/x" }, "darwin", "/x/helm/registry/config.json"],
    [{}, "linux", "/home/me/.config/helm/registry/config.json"],
    [{}, "darwin", "/home/me/Library/Preferences/helm/registry/config.json"],
    [{ APPDATA: "C:\\Users\\me\\AppData\\Roaming" }, "win32", "C:\\Users\\me\\AppData\\Roaming\\helm\\registry\\config.json"],
  ] as const)("Helm's with %j on %s", (environment, platform, path) => {
    expect(helmRegistryConfigPath({ environment, platform, home: "/home/me" })).toBe(path);
  });

  it("Docker's", () => {
    expect(dockerConfigPath({ environment: {}, platform: "linux", home: "/home/me" })).toBe("/home/me/.docker/config.json");
    expect(dockerConfigPath({ environment: { DOCKER_CONFIG: "/d" }, platform: "linux", home: "/home/me" })).toBe("/d/config.json");
    expect(dockerConfigPath({ environment: {}, platform: "win32", home: "C:\\Users\\me" })).toBe("C:\\Users\\me\\.docker\\config.json");
  });
});
