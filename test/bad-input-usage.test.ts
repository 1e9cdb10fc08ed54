import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("bad-usage");
afterAll(() => removeTempDir(scratch));

const passwordFile = join(scratch, "password");
writeFileSync(passwordFile, "secret\n");
const two = ["oci://127.0.0.1:1/a", "oci://127.0.0.1:1/b"];

describe("wrong usage ends with exit code 2 and says what is wrong:", () => {
  it.each([
    ["a typo in an option of migrate", ["migrate", ".", two[0], "--exisitng", "trust"], ["unknown option", "--existing"]],
    ["a typo in an option of push", ["push", "a.tgz", two[0], "--provenence", "skip"], ["unknown option", "--provenance"]],
    ["a typo in an option of pull", ["pull", "oci://127.0.0.1:1/a/b", "--destinaton", "."], ["unknown option", "--destination"]],
    ["a typo in an option of serve", ["serve", ".", "--prot", "0"], ["unknown option", "--port"]],
    ["a typo in a command", ["migrat", ".", "oci://127.0.0.1:1/a"], ["unknown command", "migrate"]],
    ["a policy that does not exist", ["migrate", ".", two[0], "--existing", "maybe"], ["--existing", "verify, trust, overwrite, fail"]],
    ["a provenance policy that does not exist", ["migrate", ".", two[0], "--provenance", "yes"], ["--provenance", "auto, require, skip"]],
    ["an output that does not exist", ["migrate", ".", two[0], "--output", "xml"], ["--output", "text, json"]],
    ["a range that is none", ["migrate", ".", two[0], "--version", ">=one"], ["[usage]", "range"]],
    ["a rewrite without =", ["migrate", ".", two[0], "--url-rewrite", "https://a.example/"], ["--url-rewrite", "FROM=TO"]],
    [
      "a rewrite with a password",
      ["migrate", ".", two[0], "--url-rewrite", "https://a.example/=https://u:p4ss@b.example/"],
      ["--url-rewrite"],
    ],
    ["a duration without a unit", ["migrate", ".", two[0], "--max-wait", "15"], ["--max-wait", "15m"]],
    ["a concurrency of none", ["migrate", ".", two[0], "--concurrency", "0"], ["--concurrency"]],
    ["a time that is none", ["migrate", ".", two[0], "--created", "yesterday"], ["--created"]],
    ["an adapter that does not exist", ["migrate", ".", two[0], "--adapter", "harbr"], ["harbr", "zot"]],
    ["a user without a password", ["migrate", ".", two[0], "--username", "me"], ["[usage]", "--password-stdin"]],
    ["a password without a user", ["migrate", ".", two[0], "--password-stdin"], ["[usage]", "--username"]],
    [
      "a source user without a password",
      ["migrate", "http://127.0.0.1:1", two[0], "--source-username", "me"],
      ["[usage]", "--source-password"],
    ],
    [
      "a source password file that is not there",
      ["migrate", "http://127.0.0.1:1", two[0], "--source-username", "me", "--source-password-file", "/nowhere"],
      ["/nowhere"],
    ],
    [
      "two passwords from one stdin",
      ["migrate", "http://127.0.0.1:1", two[0], "--username", "a", "--password-stdin", "--source-username", "b", "--source-password-stdin"],
      ["stdin"],
    ],
    ["publish without a target", ["publish", "a.tgz"], ["--to"]],
    ["push without a target", ["push", "a.tgz"], ["[usage]", "oci://HOST"]],
    ["a port that is none", ["serve", ".", "--port", "70000"], ["--port", "65535"]],
    ["a certificate without its key", ["serve", ".", "--port", "0", "--tls-cert", passwordFile], ["--tls-key"]],
    ["a user of serve without a password", ["serve", ".", "--port", "0", "--user", "me"], ["--password-file"]],
    ["serve beyond this machine without a password", ["serve", ".", "--port", "0", "--host", "0.0.0.0"], ["--user", "--allow-anonymous"]],
    ["pull of something that is no reference", ["pull", "web-1.0.0.tgz"], ["[reference-invalid]", "oci://"]],
    ["pull with a digest that is none", ["pull", "oci://127.0.0.1:1/a/b@sha256:12"], ["[reference-invalid]", "64 hex digits"]],
    ["pull with two versions", ["pull", "oci://127.0.0.1:1/a/b:1.0.0", "--version", "2.0.0"], ["[reference-invalid]", "differ"]],
  ])("%s", async (_what, args, says) => {
    const result = await runChartferry(
      args.filter((part) => part !== undefined),
      { home: scratch, stdin: "secret" },
    );
    expectFailure(result, { code: 2, says });
    expect(result.stdout).toBe("");
  });
});

describe("one flag never carries a credential to several targets:", () => {
  it.each([
    ["--username and --password-stdin", ["--username", "me", "--password-stdin"]],
    ["--cert-file and --key-file", ["--cert-file", passwordFile, "--key-file", passwordFile]],
  ])("%s with two targets is refused", async (_what, options) => {
    const migrate = await runChartferry(["migrate", scratch, ...two, ...options], { home: scratch, stdin: "secret" });
    expectFailure(migrate, { code: 2, reason: "usage", says: [options[0] ?? "", "several targets"] });
    const publish = await runChartferry(["publish", "a.tgz", "--to", two[0] ?? "", "--to", two[1] ?? "", ...options], {
      home: scratch,
      stdin: "secret",
    });
    expectFailure(publish, { code: 2, reason: "usage", says: [options[0] ?? ""] });
  });
});

describe("a file to push", () => {
  const notAChart = join(scratch, "notes.tgz");
  writeFileSync(notAChart, "just text");
  let registry: RunningEmbedded;
  beforeAll(async () => (registry = await startEmbedded()));
  afterAll(() => registry.stop());

  it.each([
    ["that is not there", join(scratch, "gone-1.0.0.tgz"), 2, "file-missing", "gone-1.0.0.tgz"],
    ["that is no archive", notAChart, 1, "archive-invalid", "notes.tgz"],
    ["that is a folder", scratch, 2, "usage", "helm package"],
  ] as const)("%s is refused, with nothing pushed", async (...[, file, code, reason, named]) => {
    const result = await runChartferry(["push", file, `oci://${registry.host}/charts`], { home: scratch });
    expectFailure(result, { code, reason, says: [named] });
    expect(result.stdout).toBe("");
    expect(await (await fetch(`${registry.url}/v2/_catalog`)).text()).not.toContain("charts");
  });
});
