import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { readContents } from "./runs/read-contents.ts";
import { countStatuses } from "./runs/read-report.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry } from "./support/chartferry.ts";
import type { ProgramResult } from "./support/run-program.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const PRELOAD = pathToFileURL(fileURLToPath(new URL("./runs/full-disk.mjs", import.meta.url))).href;
const MIB = 1024 * 1024;
const scratch = makeTempDir("full-disk");
let source: StaticServer;
let registry: RunningRegistry;
beforeAll(async () => {
  // Noise, which no compression makes small: above 8 MiB a chart waits in a temporary file.
  const large = makeChart("large", "1.0.0", { files: { "noise.txt": randomBytes(9 * MIB).toString("base64") } });
  expect(large.archive.byteLength).toBeGreaterThan(8 * MIB);
  const small = Array.from({ length: 120 }, (_, place) => makeChart("small", `1.${place}.0`));
  writeRepository(join(scratch, "source"), [large, ...small]);
  [source, registry] = await Promise.all([startStaticServer(join(scratch, "source")), startEmbedded()]);
});
afterAll(async () => {
  await source.stop();
  await registry.stop();
  removeTempDir(scratch);
});

let home: string;
let target: string;
let namespace = "";
let runs = 0;
beforeEach(() => {
  home = makeTempDir("full-disk-home");
  mkdirSync(join(home, "tmp"));
  namespace = `full-${(runs += 1)}`;
  target = `oci://${registry.host}/${namespace}`;
});
afterEach(() => removeTempDir(home));

/** A run for which a folder has only so many bytes left. */
function runFull(folder: string, room: number, args: readonly string[]): Promise<ProgramResult> {
  const env = { NODE_OPTIONS: `--import ${PRELOAD}`, FULL_FOLDER: folder, FULL_ROOM: String(room), TMPDIR: join(home, "tmp") };
  return runChartferry(["migrate", ...args], { home, env, limitMs: 60_000 });
}

/** The same command once there is room again; everything is there then. */
async function runWithRoom(args: readonly string[]): Promise<Record<string, number>> {
  const { code, report } = await migrateToJson(args, { home });
  expect(code).toBe(0);
  expect(await readContents(registry.host, namespace, ["large", "small"])).toHaveLength(121);
  return countStatuses(report);
}

function journalFolder(): string {
  return join(home, "state", "chartferry", "journals");
}

/** Of every journal there is, with what follows the last line feed. */
function journalLines(): string[] {
  return readdirSync(journalFolder()).flatMap((name) => readFileSync(join(journalFolder(), name), "utf8").split("\n"));
}

describe("a disk without room", () => {
  it("for the index ends the run before it begins, and names the folder and TMPDIR", async () => {
    const { code, stderr } = await runFull("/tmp/", 1000, [source.url, target]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the temporary folder ${join(home, "tmp")} has no room left (ENOSPC)`);
    expect(stderr).toContain("set TMPDIR to a place with room");
    expect(readdirSync(join(home, "tmp"))).toEqual([]);
    expect(await runWithRoom([source.url, target])).toEqual({ pushed: 121 });
  });

  it("for a large chart fails that chart alone", async () => {
    const report = join(home, "report.json");
    const { code, stdout } = await runFull("/tmp/", 4 * MIB, [source.url, target, "--report", report]);
    expect(code).toBe(1);
    expect(stdout).toContain("disk-full (1)");
    expect(stdout).toContain("set TMPDIR to a place with room");
    expect(await readContents(registry.host, namespace, ["large", "small"])).toHaveLength(120);
    expect(JSON.parse(readFileSync(report, "utf8")).versions[0]).toMatchObject({
      chart: "large",
      status: "failed",
      reason: "disk-full",
    });
    expect(readdirSync(join(home, "tmp"))).toEqual([]);
    expect(await runWithRoom([source.url, target])).toEqual({ pushed: 1, skipped: 120 });
  });

  it("for the journal, from the beginning, ends the run before it sends anything", async () => {
    const { code, stderr } = await runFull("/journals/", 0, [source.url, target]);
    expect(code).toBe(2);
    expect(stderr).toContain(`cannot write the journal ${journalFolder()}`);
    expect(stderr).toContain("choose another place with --journal FILE, or go without with --no-journal");
    expect(await readContents(registry.host, namespace, ["large", "small"])).toEqual([]);
    expect(readdirSync(journalFolder())).toEqual([]);
    expect(await runWithRoom([source.url, target])).toEqual({ pushed: 121 });
  });

  it("for all of the journal lets the run go on, says so, and the next run asks a little more", async () => {
    const { code, stdout } = await runFull(".jsonl", 20_000, [source.url, target]);
    expect(code).toBe(0);
    expect(stdout).toContain("note: journal-unwritable: cannot write the journal");
    const kept = journalLines();
    expect(kept.pop()).toBe("");
    expect(kept.length).toBeLessThan(121);
    for (const line of kept) expect(JSON.parse(line)).toMatchObject({ key: expect.any(String), manifest: expect.any(String) });
    expect(await runWithRoom([source.url, target])).toEqual({ skipped: 121 });
    expect(journalLines()).toHaveLength(122);
  });

  it("for the report says so after the summary, and leaves no half of one", async () => {
    mkdirSync(join(home, "reports"));
    const report = join(home, "reports", "report.json");
    writeFileSync(report, "of yesterday");
    const { code, stdout, stderr } = await runFull("/reports/", 500, [source.url, target, "--report", report]);
    expect(code).toBe(2);
    expect(stderr).toContain(`cannot write the report ${report}: ENOSPC`);
    expect(stderr).toContain("choose another place with --report FILE");
    expect(stdout).toContain("121 pushed");
    expect(stdout).not.toContain(`report: ${report}`);
    expect([readdirSync(join(home, "reports")), readFileSync(report, "utf8")]).toEqual([["report.json"], "of yesterday"]);
    expect(await runWithRoom([source.url, target, "--report", report])).toEqual({ skipped: 121 });
    expect(JSON.parse(readFileSync(report, "utf8")).versions).toHaveLength(121);
  });

  it("for what a run remembers until its report ends it with a clear error, and what was sent is not sent again", async () => {
    // A folder's index is read where it lies: the records are the first that need room.
    const { code, stderr } = await runFull("/tmp/", 0, [join(scratch, "source"), target, "--chart", "small"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the temporary folder ${join(home, "tmp")} has no room left (ENOSPC)`);
    expect(existsSync(journalFolder()) && readdirSync(journalFolder()).some((name) => name.endsWith(".lock"))).toBe(false);
    expect(await runWithRoom([join(scratch, "source"), target])).toEqual({ pushed: 1, skipped: 120 });
  });
});
