import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";

import { describe, expect, it } from "vitest";

import type { Exec } from "./credential-helper.ts";
import { forgetLogin, keepLogin, type LoginFiles } from "./login-files.ts";
import { authOf, dockerFile, helmFile, useCredentialHome } from "./testing/credential-home.ts";

const { path, user, write } = useCredentialHome();

const key = "reg.example:5000";
const login = { key, username: "alice", password: "wonder:land" };
const files = (more: Partial<LoginFiles> = {}): LoginFiles => ({ environment: {}, home: path(""), platform: "linux", ...more });
const content = (file: string): unknown => JSON.parse(readFileSync(path(file), "utf8"));

/** A helper that keeps what it is told. */
function keeping(calls: string[], exitCode = 0): Exec {
  return (program, { args, input }) => {
    calls.push(`${program} ${args.join(" ")} < ${input}`);
    return Promise.resolve({ exitCode, stdout: "" });
  };
}

describe("keeping a login", () => {
  it("makes Docker's file, for its owner's eyes alone, and finds itself there", async () => {
    expect(await keepLogin(login, files())).toBe(path(dockerFile));
    expect(content(dockerFile)).toEqual({ auths: { [key]: authOf("alice", "wonder:land") } });
    expect([statSync(path(dockerFile)).mode & 0o777, statSync(dirname(path(dockerFile))).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await user()).toBe("alice");
  });

  it("takes the place of every spelling of the host, and leaves the rest of the file as it is", async () => {
    const others = { "other.example": authOf("bob", "b"), "reg.example": authOf("carol", "c"), [`${key}/team`]: authOf("team", "t") };
    const before = {
      HttpHeaders: { "User-Agent": "x" },
      auths: { [`https://${key}/v1/`]: authOf("old", "o"), [key]: authOf("older", "o"), ...others },
    };
    write(dockerFile, before);
    await keepLogin(login, files());
    expect(content(dockerFile)).toEqual({ ...before, auths: { ...others, [key]: authOf("alice", "wonder:land") } });
    expect(readdirSync(dirname(path(dockerFile)))).toEqual(["config.json"]);
  });

  it("takes out what Helm's own file holds for the host, so that neither shadows the other", async () => {
    write(helmFile, { auths: { [key]: authOf("old", "o"), "other.example": authOf("bob", "b") } });
    await keepLogin(login, files());
    expect(content(helmFile)).toEqual({ auths: { "other.example": authOf("bob", "b") } });
    expect(await user()).toBe("alice");
  });

  it("writes the file that was named instead, and no other", async () => {
    write(helmFile, { auths: { [key]: authOf("old", "o") } });
    expect(await keepLogin(login, files({ registryConfig: path("own.json") }))).toBe(path("own.json"));
    expect(content(helmFile)).toEqual({ auths: { [key]: authOf("old", "o") } });
    expect(await user({}, { registryConfig: path("own.json") })).toBe("alice");
  });

  it("gives the secret to the helper that serves the host, and leaves none in the file", async () => {
    write(dockerFile, { credsStore: "store", credHelpers: { [key]: "own" }, auths: { [key]: authOf("old", "o") } });
    const calls: string[] = [];
    expect(await keepLogin(login, files({ exec: keeping(calls) }))).toBe(`docker-credential-own (named by ${path(dockerFile)})`);
    expect(calls).toEqual([`docker-credential-own store < {"ServerURL":"${key}","Username":"alice","Secret":"wonder:land"}`]);
    expect(content(dockerFile)).toMatchObject({ auths: { [key]: {} } });
  });

  it("fails without a word of the secret, and changes nothing, where the helper fails or keeps nothing", async () => {
    for (const [helper, problem] of [
      ["own", { code: "credentials-unavailable", operation: "write credentials", message: expect.stringContaining("exit code 1") }],
      ["chartferry", { code: "usage", hint: expect.stringContaining("take the helper out of") }],
    ] as const) {
      const before = { credHelpers: { [key]: helper }, auths: { [key]: authOf("old", "o") } };
      write(dockerFile, before);
      const failed = keepLogin(login, files({ exec: keeping([], 1) }));
      await expect(failed).rejects.toMatchObject(problem);
      await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining("wonder") });
      expect(content(dockerFile)).toEqual(before);
    }
  });

  it("follows a link, which stays one, and keeps the rights that the file has", async () => {
    const real = write("kept/real.json", {});
    write(`${dirname(dockerFile)}/x`, "");
    symlinkSync(real, path(dockerFile));
    await keepLogin(login, files());
    expect(lstatSync(path(dockerFile)).isSymbolicLink()).toBe(true);
    expect([content("kept/real.json"), statSync(real).mode & 0o777]).toEqual([{ auths: { [key]: authOf("alice", "wonder:land") } }, 0o644]);
  });

  it("leaves a file alone that it cannot read, and says which", async () => {
    write(dockerFile, "{ not json");
    await expect(keepLogin(login, files())).rejects.toMatchObject({
      code: "credentials-unavailable",
      message: expect.stringContaining(path(dockerFile)),
    });
    expect(readFileSync(path(dockerFile), "utf8")).toBe("{ not json");
  });
});

describe("forgetting a login", () => {
  it("takes it out of both files and out of the helpers that they name, and says where it was", async () => {
    write(helmFile, { auths: { [key]: authOf("a", "a") } });
    write(dockerFile, { credsStore: "store", credHelpers: { [key]: "chartferry" }, auths: { [key]: {}, "other.example": {} } });
    const calls: string[] = [];
    expect(await forgetLogin(key, files({ exec: keeping(calls) }))).toEqual([
      path(helmFile),
      `docker-credential-store (named by ${path(dockerFile)})`,
      path(dockerFile),
    ]);
    expect(calls).toEqual([`docker-credential-store erase < ${key}`]);
    expect([content(helmFile), content(dockerFile)]).toMatchObject([{ auths: {} }, { auths: { "other.example": {} } }]);
  });

  it("makes no file where there was none, and says that there was nothing", async () => {
    expect(await forgetLogin(key, files())).toEqual([]);
    expect(readdirSync(path(""))).toEqual([]);
  });
});
