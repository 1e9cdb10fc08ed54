import { ChartferryError, type Credential } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { answerDocker, type HelperAnswer } from "./answer-docker.ts";

const basic: Credential = { kind: "basic", username: "AWS", password: "s3cret", source: "the AWS credential chain" };

function ask(verb: string | undefined, input: string, found?: Credential | Error): Promise<HelperAnswer> & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve = ({ registry }: { readonly registry: string }): Promise<Credential | undefined> => {
    asked.push(registry);
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  return Object.assign(answerDocker({ verb, input, environment: {}, version: "1.2.3", resolve }), { asked });
}

describe("the credential helper", () => {
  it.each(["registry.example:5000", "https://Registry.example:5000/v2/\n", "registry.example:5000/team/charts"])(
    "gives the host of %j its credential",
    async (key) => {
      const answer = ask("get", key, basic);
      const ServerURL = key.trim();
      expect(await answer).toEqual({ exitCode: 0, stdout: `${JSON.stringify({ ServerURL, Username: "AWS", Secret: "s3cret" })}\n` });
      expect(answer.asked).toEqual(["registry.example:5000"]);
    },
  );

  it("marks a refresh token as Docker does", async () => {
    const refresh: Credential = { kind: "refresh", refreshToken: "r", source: "Entra" };
    expect(JSON.parse((await ask("get", "a.example", refresh)).stdout)).toMatchObject({ Username: "<token>", Secret: "r" });
  });

  it("says in the words that clients look for that it knows none", async () => {
    for (const found of [undefined, { kind: "anonymous", source: "nobody" } as const])
      expect(await ask("get", "a.example", found)).toEqual({ exitCode: 1, stdout: "credentials not found in native keychain\n" });
  });

  it("says what is broken where a source is, so that nobody goes on anonymously", async () => {
    const broken = new ChartferryError("the profile is broken", { code: "credentials-unavailable", operation: "sign in", hint: "mend it" });
    expect(await ask("get", "a.example", broken)).toEqual({
      exitCode: 1,
      stdout: "docker-credential-chartferry: the profile is broken (mend it)\n",
    });
  });

  it("keeps nothing: a login is refused, a logout is done at once, the list is empty", async () => {
    const answers = [
      await ask("store", "{}"),
      await ask("erase", "a.example"),
      await ask("list", ""),
      await ask("version", ""),
      await ask(undefined, ""),
    ];
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([1, 0, 0, 0, 1]);
    expect(answers.map(({ stdout }) => stdout).slice(1, 4)).toEqual(["", "{}\n", "docker-credential-chartferry 1.2.3\n"]);
    expect(answers[0]?.stdout).toContain("it keeps no logins");
  });

  it("knows no host that no adapter knows, and asks nobody for it", async () => {
    const answer = await answerDocker({ verb: "get", input: "registry.example", environment: {}, version: "" });
    expect(answer).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("not found") });
    expect(await ask("get", "\n")).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("no registry was named") });
  });
});
