import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { makeGate } from "./runs/make-gate.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { readContents } from "./runs/read-contents.ts";
import { countStatuses } from "./runs/read-report.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry, startChartferry } from "./support/chartferry.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const PRELOAD = pathToFileURL(fileURLToPath(new URL("./runs/kill-at-file-call.mjs", import.meta.url))).href;
/** Some thirty runs of the program, two at a time: on a machine that has other work, too, that takes a while. */
const limitMs = 300_000;
const scratch = makeTempDir("kill-journal");
let source: StaticServer;
let registry: RunningRegistry;
beforeAll(async () => {
  writeRepository(join(scratch, "source"), [makeChart("web", "1.0.0"), makeChart("web", "1.1.0"), makeChart("web", "1.2.0")]);
  [source, registry] = await Promise.all([startStaticServer(join(scratch, "source")), startEmbedded()]);
});
afterAll(async () => {
  await source.stop();
  await registry.stop();
  removeTempDir(scratch);
});

/** Runs once with what the preload is told, in a home of its own; the calls it saw on files of the journal. */
async function runWatched(
  at: string,
  { home, args }: { home: string; args: readonly string[] },
): Promise<{ code: number; calls: string[] }> {
  const log = join(home, "calls");
  writeFileSync(log, "");
  const env = { NODE_OPTIONS: `--import ${PRELOAD}`, KILL_FILES: "/journals", KILL_AT: at, KILL_LOG: log };
  const { code } = await runChartferry(["migrate", ...args], { home, env });
  return { code, calls: readFileSync(log, "utf8").split("\n").filter(Boolean) };
}

function journalLines(home: string): string[] {
  const folder = join(home, "state", "chartferry", "journals");
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
  return files.flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean));
}

describe("a migration killed at each step of what it does with its journal and the lock of it", () => {
  it("is carried on at once, and leaves the charts and the journal of an undisturbed one", { timeout: limitMs }, async () => {
    const undisturbed = { home: makeTempDir("journal-home"), args: [source.url, `oci://${registry.host}/undisturbed`] };
    const { code, calls } = await runWatched("", undisturbed);
    expect(code).toBe(0);
    const expected = await readContents(registry.host, "undisturbed", ["web"]);
    expect(expected).toHaveLength(3);
    const lines = journalLines(undisturbed.home).length;
    removeTempDir(undisturbed.home);
    // The journal and its lock are made, lines are written, the lock is let go.
    for (const part of ["mkdir", "link", "writeSync", "closeSync", "rm"]) expect(calls.join("\n")).toContain(part);

    // What stands on disk before a call is what stood there after the one before.
    const distinct = calls.filter((call) => !call.startsWith("before:") || call.startsWith("before:1 "));
    await sideBySide(distinct, 2, async (call) => {
      const [at = ""] = call.split(" ");
      const namespace = at.replace(":", "-");
      const run = { home: makeTempDir("journal-home"), args: [source.url, `oci://${registry.host}/${namespace}`] };
      const killed = await runWatched(at, run);
      const again = await migrateToJson(run.args, run);
      expect.soft([killed.code, again.code, again.stderr.includes("lock")], call).toEqual([-1, 0, false]);
      expect.soft(await readContents(registry.host, namespace, ["web"]), call).toEqual(expected);
      expect.soft(new Set(journalLines(run.home)).size, call).toBe(lines);
      removeTempDir(run.home);
    });
  });
});

describe("a journal that is kept", () => {
  it("does not keep a run from putting everything back where tags were deleted or all is gone", async () => {
    const home = makeTempDir("journal-kept");
    const charts = Array.from({ length: 30 }, (_, place) => makeChart("many", `1.${place}.0`));
    writeRepository(join(scratch, "many"), charts);
    const many = await startStaticServer(join(scratch, "many"));
    const directory = join(home, "layouts");
    mkdirSync(directory);
    let target = await startEmbedded({ directory, port: 0 });
    const args = [many.url, `oci://${target.host}/kept`];
    expect((await migrateToJson(args, { home })).code).toBe(0);
    const expected = await readContents(target.host, "kept", ["many"]);
    expect(expected).toHaveLength(30);

    for (const { version } of charts.slice(5, 15)) {
      const answer = await fetch(`http://${target.host}/v2/kept/many/manifests/${version}`, { method: "DELETE" });
      expect(answer.status).toBe(202);
    }
    expect(await readContents(target.host, "kept", ["many"])).toHaveLength(20);
    expect(countStatuses((await migrateToJson(args, { home })).report)).toEqual({ pushed: 10, skipped: 20 });
    expect(await readContents(target.host, "kept", ["many"])).toEqual(expected);

    await target.stop();
    removeTempDir(directory);
    mkdirSync(directory);
    target = await startEmbedded({ directory, port: Number(target.host.split(":")[1]) });
    expect(countStatuses((await migrateToJson(args, { home })).report)).toEqual({ pushed: 30 });
    expect(await readContents(target.host, "kept", ["many"])).toEqual(expected);
    await target.stop();
    await many.stop();
    removeTempDir(home);
  });
});

describe("the lock of a journal", () => {
  it("that another host holds ends the run before it sends anything, and says whose it is, since when and what to do", async () => {
    const home = makeTempDir("journal-lock");
    const journal = join(home, "journal.jsonl");
    const owner = { id: "theirs", host: "build-7", boot: "b", pid: 4711, started: "1" };
    writeFileSync(`${journal}.lock`, JSON.stringify(owner));
    const { code, stderr } = await runChartferry(["migrate", source.url, `oci://${registry.host}/locked`, "--journal", journal], { home });
    expect(code).toBe(2);
    expect(stderr).toMatch(/in use by process 4711 on build-7 since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/u);
    expect(stderr).toContain(`delete ${journal}.lock`);
    expect(await readContents(registry.host, "locked", ["web"])).toEqual([]);
    removeTempDir(home);
  });

  it("that a living run holds ends a second run and leaves the first alone", async () => {
    const [home, hold] = [makeTempDir("journal-shared"), makeGate()];
    const charts = readFileSync(join(scratch, "source", "index.yaml"));
    const held = await startStaticServer(join(scratch, "source"), {
      routes: { "/index.yaml": (_request, response) => void hold.opened.then(() => response.end(charts)) },
    });
    const args = ["migrate", held.url, `oci://${registry.host}/shared`, "--journal", join(home, "journal.jsonl")];
    const first = await startChartferry(args, { home, readyPattern: /^journal: /mu });
    const second = await runChartferry(args, { home });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`in use by process ${first.processId} on ${hostname()} since`);
    expect(second.stderr).toContain("wait for that run to end, or choose another file with --journal FILE");
    hold.open();
    while ((await readContents(registry.host, "shared", ["web"])).length < 3) await delay(20);
    // The signal may find it at work, done, or in its last moments, when nothing listens any more.
    expect(await first.stop()).toBeOneOf([0, 130, -1]);
    expect((await migrateToJson(args.slice(1), { home })).code).toBe(0);
    await held.stop();
    removeTempDir(home);
  });
});
