import { chmod } from "node:fs/promises";
import { delimiter } from "node:path";

import { describe, expect, it } from "vitest";

import { createCredentialProvider } from "./credential-files.ts";
import type { Exec } from "./credential-helper.ts";
import { authOf, dockerFile, helmFile, useCredentialHome } from "./testing/credential-home.ts";

const { find, path, user, write } = useCredentialHome();

const says =
  (answers: Record<string, string>, calls: string[] = []): Exec =>
  (program, { args, input }) => {
    calls.push(`${program} ${args.join(" ")} < ${input}`);
    const answer = answers[program];
    if (answer === undefined) return Promise.reject(Object.assign(new Error("spawn"), { code: "ENOENT" }));
    return Promise.resolve(answer.startsWith("{") ? { exitCode: 0, stdout: answer } : { exitCode: 1, stdout: answer });
  };
const login = (username: string): string => JSON.stringify({ ServerURL: "x", Username: username, Secret: "s3cret" });

describe("credential helpers", () => {
  it("come in the order: the host's own, the store, the file", async () => {
    write(helmFile, {
      auths: { "reg.example:5000": authOf("file", "f") },
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

  it("are chosen by how well the key fits, wherever it stands in the file", async () => {
    const keys = ["https://reg.example:5000/v2/", "REG.example:5000", "reg.example:5000"];
    const exec = says({ "docker-credential-0": login("api"), "docker-credential-1": login("case"), "docker-credential-2": login("exact") });
    for (const [order, expected] of [
      ["012", "exact"],
      ["210", "exact"],
      ["01", "case"],
      ["10", "case"],
    ] as const) {
      write(helmFile, { credHelpers: Object.fromEntries(order.split("").map((index) => [keys[Number(index)], index])) });
      expect(await user({}, { exec })).toBe(expected);
    }
  });

  it("give a refresh token under the user <token>", async () => {
    write(dockerFile, { credsStore: "store" });
    expect(await find({}, { exec: says({ "docker-credential-store": login("<token>") }) })).toMatchObject({
      kind: "refresh",
      refreshToken: "s3cret",
    });
  });

  it("that fail are an error naming helper and file, never anonymous, and never what they printed", async () => {
    const file = write(helmFile, { credsStore: "store" });
    write(dockerFile, { auths: { "reg.example:5000": authOf("docker", "d") } });
    for (const answer of ["secret: exploded", '{"Username":"secret"}', "{secret", undefined]) {
      const failure: unknown = await find({}, { exec: says(answer === undefined ? {} : { "docker-credential-store": answer }) }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: "credentials-unavailable" });
      expect(String(failure)).toContain("docker-credential-store");
      expect(String(failure)).toContain(file);
      expect(String(failure)).not.toContain("secret");
      expect(failure).toMatchObject({ hint: expect.stringMatching(/^echo reg\.example:5000 \| docker-credential-store get; /) });
    }
  });

  it("are passed over where they are our own, which would call itself", async () => {
    write(helmFile, { credHelpers: { "reg.example:5000": "chartferry" }, auths: { "reg.example:5000": authOf("file", "f") } });
    expect(await user({}, { exec: says({}) })).toBe("file");
  });

  it("are run once per host, and again when what they said was refused", async () => {
    write(helmFile, { credsStore: "store" });
    const calls: string[] = [];
    let turn = 0;
    const exec: Exec = (...call) => says({ "docker-credential-store": login(`u${(turn += 1)}`) }, calls)(...call);
    const provider = createCredentialProvider({ environment: {}, home: path(""), platform: "linux", exec });
    const first = await provider({ key: "reg.example" });
    await provider({ key: "reg.example", repository: "a/b" });
    expect(calls.length).toBe(1);
    expect(await provider({ key: "reg.example", refused: [first.source] })).toMatchObject({ username: "u2" });
    expect(calls.length).toBe(2);
  });

  it("that have failed are asked again", async () => {
    write(helmFile, { credsStore: "store" });
    let turn = 0;
    const exec: Exec = (...call) => says({ "docker-credential-store": ++turn === 1 ? "locked" : login("unlocked") })(...call);
    const provider = createCredentialProvider({ environment: {}, home: path(""), platform: "linux", exec });
    await expect(provider({ key: "reg.example" })).rejects.toMatchObject({ code: "credentials-unavailable" });
    expect(await provider({ key: "reg.example" })).toMatchObject({ username: "unlocked" });
  });

  it.skipIf(process.platform === "win32")(
    "run as real programs found on PATH (skipped on Windows: the helper is a shell script)",
    async () => {
      const program = write(
        "bin/docker-credential-real",
        '#!/bin/sh\nread key\necho "{\\"ServerURL\\":\\"$key\\",\\"Username\\":\\"u-$1-$key\\",\\"Secret\\":\\"s\\"}"\n',
      );
      await chmod(program, 0o755);
      const missing = write(
        "bin/docker-credential-missing",
        '#!/bin/sh\ncat >/dev/null\necho "credentials not found in native keychain"\nexit 1\n',
      );
      await chmod(missing, 0o755);
      write(helmFile, { credHelpers: { "reg.example:5000": "real", "none.example": "missing", "absent.example": "absent" } });
      const environment = { PATH: [path("bin"), process.env["PATH"]].join(delimiter) };
      expect(await user({}, { environment })).toBe("u-get-reg.example:5000");
      expect(await user({ key: "none.example" }, { environment })).toBe("anonymous");
      await expect(find({ key: "absent.example" }, { environment })).rejects.toThrow("not on PATH");
    },
  );
});
