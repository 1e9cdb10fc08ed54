import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { startRegistry, type RunningRegistry } from "@chartferry/registry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { temporaryFolder } from "./engine/testing/temporary-folder.ts";
import { run } from "./testing/run-words.ts";
import { temporaryRegistryFolder } from "./testing/temporary-registry-folder.ts";

const examples = new URL("../../../examples/classic-repo", import.meta.url).pathname;

const chart = join(examples, "harbour-web-1.3.0.tgz");
const emptyFile = join(mkdtempSync(join(tmpdir(), "chartferry-empty-")), "password");
writeFileSync(emptyFile, "");
const longFile = join(dirname(emptyFile), "long");
writeFileSync(longFile, "p".repeat(64 * 1024 + 1));
afterAll(() => rmSync(dirname(emptyFile), { recursive: true }));

const noFile = ["--registry-config", "/nowhere/config.json"];
const noFileSaid = /the credential file \/nowhere\/config\.json does not exist \[file-missing\]/;

describe("the command line", () => {
  it.each([
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
    [["--help"], 0, /Exit codes/],
    [["migrate", "--help"], 0, /--url-rewrite/],
  ])("%j answers on stdout and ends with %i", async (words, code, text) => {
    const ran = await run(words);
    expect(ran).toMatchObject({ code, err: "" });
    expect(ran.out).toMatch(text);
  });

  it.each([
    [["migarte"], /Did you mean migrate/],
    [["migrate", "a", "oci://b/c", "--exsting", "verify"], /Did you mean --existing/],
    [["migrate", "a"], /missing required argument 'target'/],
    [["migrate", "a", "oci://b/c", "--existing", "maybe"], /verify, trust, overwrite, fail/],
    [["migrate", "a", "oci://b/c", "--concurrency", "0"], /whole number/],
    [["migrate", "a", "oci://b/c", "--max-wait", "15"], /number with a unit/],
    [["migrate", "a", "oci://b/c", "--url-rewrite", "x=y"], /FROM=TO/],
    [["migrate", examples, "docker://b/c"], /not supported/],
    [["migrate", examples, "oci-layout:/tmp/never", "--version", "banana"], /not a version range/],
    [["migrate", "oci://a/b", "oci://b/c"], /cannot be a source yet/],
    [["migrate", examples, "oci://b/c", "--username", "me"], /without a password/],
    [["migrate", examples, "oci://b/c", "oci://d/e", "--username", "me", "--password-stdin"], /cannot serve several targets/],
    [["migrate", examples, "oci://b/c", "oci://b/c/"], /given twice/],
    [["migrate", examples, "oci://b/c", "oci://B/c"], /oci:\/\/B\/c is given twice: it is the same as oci:\/\/b\/c/],
    [["migrate", examples, "oci-layout:never", "oci-layout:./never"], /given twice: it is the same as oci-layout:never/],
    [["verify", examples, "oci-layout:never", "oci-layout:never/"], /given twice/],
    [["publish", chart, "--to", "oci-layout:never", "--to", "oci-layout:x/../never"], /given twice/],
    [["migrate", "", "oci://b/c"], /the source is empty \[usage\]/],
    [["plan", "", "oci://b/c"], /the source is empty \[usage\]/],
    [["verify", "", "oci://b/c"], /the source is empty \[usage\]/],
    [["serve", ""], /the folder to serve is empty \[usage\]/],
    [["serve", "--user", "", "--password-file", chart], /error: --user is empty \[usage\]/],
    [["serve", "--user", "me", "--password-file", emptyFile], /the password for --user is empty \[usage\]/],
    [["migrate", examples, "oci://b/c", "--username", "", "--password-stdin"], /error: --username is empty \[usage\]/],
    [["migrate", examples, "oci-layout:never", "--chart", ""], /error: --chart is empty \[usage\]/],
    [["plan", examples, "oci-layout:never", "--chart", "web", "--chart", ""], /error: --chart is empty \[usage\]/],
    [["verify", examples, "oci-layout:never", "--exclude", ""], /error: --exclude is empty \[usage\]/],
    [["migrate", examples, "oci-layout:never", "--version", ""], /error: --version is empty \[usage\]/],
    [["migrate", examples, "oci-layout:never", "--report", ""], /error: --report is empty \[usage\]/],
    [["migrate", examples, "oci-layout:never", "--since", ""], /--since.*it must be a day/],
    [["publish", chart, "--to", ""], /error: --to is empty \[usage\]/],
    [["pull", "oci-layout:never/web", "-d", ""], /error: --destination is empty \[usage\]/],
    [["serve", "--host", ""], /error: --host is empty \[usage\]/],
    [["serve", "--user", "me", "--password-file", longFile], /the password file \S+long holds more than 64 KiB \[usage\]/],
    [["migrate", examples, "oci://b/c", "--journal", "j", "--no-journal"], /--journal and --no-journal exclude each other/],
    [["plan", examples, "oci://b/c", "--no-journal", "--journal", "j"], /--journal and --no-journal exclude each other/],
    [["migrate", examples, "oci://b/c", "--created", "2024-01-01T00:00:00Z", "--helm-compatible"], /--created and --helm-compatible/],
    [["push", chart, "oci://b/c", "--created", "2024-01-01T00:00:00Z", "--helm-compatible"], /--created and --helm-compatible/],
    [["migrate", examples, "oci://b/c", "--password-stdin", "--source-password-stdin"], /cannot both read stdin/],
    [["migrate", examples, "oci-layout:/tmp/never", "--created", "yesterday"], /RFC 3339/],
    [["migrate", examples, "oci://b/c", "--source-username", "me"], /a folder asks for no password/],
    [["push", "oci://b/c"], /no chart archive is named/],
    [["publish", "a.tgz"], /--to/],
    [["pull", "chart"], /oci:\/\//],
    [["migrate", "http://127.0.0.1:1", "oci://127.0.0.1:1/b", "--version", "banana"], /not a version range/],
    [["migrate", "http://127.0.0.1:1", "oci://127.0.0.1:1/b", "--report", "/nowhere/report.json"], /cannot write the report/],
    [["serve", "--host", "0.0.0.0"], /--allow-anonymous/],
    [["serve", "--user", "me"], /--user and --password-file go together/],
    [["serve", "--port", "99999"], /port from 0 to 65535/],
    [["serve", join(examples, "index.yaml"), "--port", "0"], /index\.yaml is a file, not a folder/],
    [["serve", join(examples, "index.yaml", "below"), "--port", "0"], /try: it is a file, not a folder, or lies below one/],
    [["pull", "oci-layout:"], /oci-layout:DIR\/CHART/],
    [["migrate", examples, "oci://127.0.0.1:1/b", ...noFile], noFileSaid],
    [["push", chart, "oci://127.0.0.1:1/b", ...noFile], noFileSaid],
    [["pull", "oci://127.0.0.1:1/b:1", ...noFile], noFileSaid],
    [["migrate", "http://127.0.0.1:1", "oci://127.0.0.1:1/b", "--source-registry-config", "/nowhere/config.json"], noFileSaid],
    [["migrate", "https://127.0.0.1:1", "oci://127.0.0.1:1/b", "--source-cert-file", chart], /--source-key-file is missing/],
  ])("%j is refused with 2 and says why", async (words, text) => {
    const ran = await run(words);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(text);
  });

  it.each([
    [["migrate", "https://me:hunter2@charts.test", "oci://b/c"]],
    [["migrate", examples, "oci://me:hunter2@b/c"]],
    [["pull", "oci://me:hunter2@b/c:1"]],
  ])("%j is refused without showing the password", async (words) => {
    const ran = await run(words);
    expect(ran.code).toBe(2);
    expect(ran.out + ran.err).not.toContain("hunter2");
  });
});

describe("against the embedded registry", () => {
  let registry: RunningRegistry;
  let target = "";

  beforeAll(async () => {
    registry = await startRegistry({ directory: temporaryRegistryFolder(), durability: "none" });
    target = `oci://${registry.host}/charts`;
  });
  afterAll(() => registry.close());

  it("migrates a folder, writes a report and a journal, and has nothing to do the second time", async () => {
    const state = temporaryFolder();
    const report = join(state, "report.json");
    const first = await run(["migrate", examples, target, "--report", report], { state });
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toContain(`report: ${report}`);
    const { totals, versions } = JSON.parse(readFileSync(report, "utf8"));
    expect(totals.targets[target]).toMatchObject({ pushed: versions.length, failed: 0 });
    expect(readdirSync(join(state, "chartferry", "journals"))).toHaveLength(1);
    const second = await run(["migrate", examples, target, "--output", "json"], { state });
    expect(second.code).toBe(0);
    expect(JSON.parse(second.out).totals).toMatchObject({
      downloads: { charts: 0 },
      targets: { [target]: { pushed: 0, skipped: versions.length } },
    });
  });

  it("pulls a + version in all three spellings, byte by byte, with its provenance", async () => {
    await run(["migrate", examples, target, "--no-journal"]);
    const name = "tide-tables-2.0.0+spring.1.tgz";
    for (const words of [
      [`${target}/tide-tables:2.0.0+spring.1`],
      [`${target}/tide-tables:2.0.0_spring.1`],
      [`${target}/tide-tables`, "--version", "2.0.0+spring.1"],
    ]) {
      const folder = temporaryFolder();
      const ran = await run(["pull", ...words, "-d", folder, "--prov"]);
      expect(ran).toMatchObject({ code: 0, out: `${join(folder, name)}\n` });
      expect(readdirSync(folder).toSorted()).toEqual([name, `${name}.prov`]);
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(examples, name)))).toBe(true);
    }
  });

  it("refuses to write a chart through a link, and names versions that do exist", async () => {
    await run(["migrate", examples, target, "--no-journal"]);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "precious"), "mine");
    symlinkSync(join(folder, "precious"), join(folder, "harbour-web-1.2.0.tgz"));
    expect(await run(["pull", `${target}/harbour-web:1.2.0`, "-d", folder])).toMatchObject({
      code: 2,
      err: expect.stringContaining("ordinary file"),
    });
    expect(readFileSync(join(folder, "precious"), "utf8")).toBe("mine");
    expect(await run(["pull", `${target}/harbour-web:9.9.9`, "-d", folder])).toMatchObject({
      code: 1,
      err: expect.stringContaining("1.3.0"),
    });
    expect(readdirSync(folder).toSorted()).toEqual(["harbour-web-1.2.0.tgz", "precious"]);
  });

  it("publishes files to several targets with equal digests, and tells a missing file from the rest", async () => {
    const layout = join(temporaryFolder(), "layout");
    const file = join(examples, "harbour-web-1.3.0.tgz");
    const ran = await run(["publish", file, "--to", `${target}/published`, "--to", `oci-layout:${layout}`]);
    const [first = "", second = ""] = ran.out.split("\n");
    expect(ran.code).toBe(0);
    expect(first).toMatch(/harbour-web:1\.3\.0@sha256:[0-9a-f]{64}$/);
    expect(second.split("@")[1]).toBe(first.split("@")[1]);
    expect(existsSync(join(layout, "harbour-web", "oci-layout"))).toBe(true);
  });

  it("goes on to a living target when another is dead, and ends with 1", async () => {
    const ran = await run(["migrate", examples, "oci://127.0.0.1:1/dead", `${target}/alive`, "--no-journal"]);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/alive: \d+ pushed, 0 already there, 0 failed/);
    expect(ran.err).toContain("is given up");
    expect(await run(["migrate", examples, "oci://127.0.0.1:1/dead", "--no-journal"])).toMatchObject({ code: 2, out: "" });
  });

  it("warns of an index that is empty, and of a text file tells how an archive is made", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "index.yaml"), "apiVersion: v1\nentries: {}\n");
    const empty = await run(["migrate", folder, target, "--no-journal"]);
    expect(empty).toMatchObject({ code: 0, err: expect.stringContaining("the source has no versions: its index is empty") });
    expect(empty.out).toContain("note: index-empty");
    writeFileSync(join(folder, "notes-1.0.0.tgz"), "a text");
    const text = await run(["push", join(folder, "notes-1.0.0.tgz"), target]);
    expect(text.err).toContain("Build the archive with helm package");
    expect(text.err).not.toContain("url");
  });

  it("prints no escape sequence that an index smuggles in", async () => {
    const folder = join(temporaryFolder(), "repo");
    mkdirSync(folder);
    cpSync(join(examples, "harbour-web-1.2.0.tgz"), join(folder, "x.tgz"));
    const version = String.raw`1.0.0\e[2J\u202e`;
    const digest = "0".repeat(64);
    writeFileSync(
      join(folder, "index.yaml"),
      `apiVersion: v1\nentries:\n  web:\n  - name: web\n    version: "${version}"\n    digest: ${digest}\n    urls: [x.tgz]\n`,
    );
    const ran = await run(["migrate", folder, target, "--no-journal"]);
    expect(ran.code).toBe(1);
    for (const character of ["\u001b", "\u202e"]) expect(ran.out + ran.err).not.toContain(character);
  });
});
