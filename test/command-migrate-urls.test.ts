import { join } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart, type TestChart } from "./charts/make-chart.ts";
import { statusLines } from "./runs/read-report.ts";
import { type MigrateRun, reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { type IndexedChart, indexText, writeRepository } from "./charts/write-repository.ts";
import { listenOnLoopback } from "./servers/listen-on-loopback.ts";
import { createServer } from "node:http";
import { findFreePort } from "./servers/start-server.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("urls");
const charts = ["1.0.0", "1.1.0", "1.2.0"].map((version) => makeChart("web", version));
let registry: RunningEmbedded;
beforeAll(async () => (registry = await startEmbedded()));
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

let runs = 0;
/** Writes the repository, serves it and migrates it. */
async function migrate(
  entries: readonly (IndexedChart | TestChart)[],
  options: readonly string[] = [],
): Promise<MigrateRun & { asked: string[]; namespace: string }> {
  const namespace = `urls-${(runs += 1)}`;
  const folder = join(scratch, namespace, "repository");
  writeRepository(folder, entries);
  const source = await startStaticServer(folder);
  const run = await runMigrate([source.url, `oci://${registry.host}/${namespace}`, "--provenance", "skip", ...options], {
    home: join(scratch, namespace),
  });
  await source.stop();
  return { ...run, namespace, asked: source.requests.map(({ path }) => path) };
}

const pushed = charts.map(({ version }) => expect.stringMatching(`^web ${version}: pushed`));

describe("a catalogue that carries the address of a former home", () => {
  it("is read through --url-rewrite", async () => {
    const moved = await startMoved();
    const entries = charts.map((chart) => ({ chart, urls: [`https://charts.harbour.invalid/stable/${chart.file}`], absent: true }));
    const run = await migrate(entries, ["--url-rewrite", `https://charts.harbour.invalid/stable/=${moved.url}/`]);
    await moved.stop();
    expect({ code: run.code, lines: statusLines(reportOf(run)), stderr: run.stderr }).toMatchObject({ code: 0, lines: pushed });
    expect(moved.requests.map(({ path }) => path).toSorted()).toEqual(charts.map(({ file }) => `/${file}`));
  });

  it("falls back to the files beside the index, and a dead host is found out once, not once a chart", async () => {
    let connections = 0;
    const dead = createServer();
    dead.on("connection", () => (connections += 1));
    const { host, stop } = await listenOnLoopback(dead);
    await stop();
    const entries = charts.map((chart) => ({ chart, urls: [`http://${host}/${chart.file}`] }));
    const run = await migrate(entries);
    expect({ code: run.code, lines: statusLines(reportOf(run)), stderr: run.stderr }).toMatchObject({ code: 0, lines: pushed });
    expect(run.asked.filter((path) => path.endsWith(".tgz")).toSorted()).toEqual(charts.map(({ file }) => `/${file}`));
    const tried = reportOf(run).hosts.find((record) => record.host === host);
    expect(tried?.requests ?? 1).toBeLessThanOrEqual(1);
    expect(connections).toBe(0);
  });

  it("falls back from a host name that nobody has", async () => {
    const run = await migrate(charts.map((chart) => ({ chart, urls: [`https://charts.harbour.invalid/${chart.file}`] })));
    expect({ code: run.code, lines: statusLines(reportOf(run)), stderr: run.stderr }).toMatchObject({ code: 0, lines: pushed });
    expect(
      reportOf(run)
        .versions[0]?.notes.map((note) => note.text)
        .join(),
    ).toMatch(/was taken from \S+web-1\.0\.0\.tgz/u);
  });

  it.each([404, 410])("falls back where the old home answers %d", async (status) => {
    const old = await startStaticServer(scratch, {
      routes: Object.fromEntries(charts.map(({ file }) => [`/old/${file}`, (_, response) => void response.writeHead(status).end()])),
    });
    const run = await migrate(charts.map((chart) => ({ chart, urls: [`${old.url}/old/${chart.file}`] })));
    await old.stop();
    expect({ code: run.code, lines: statusLines(reportOf(run)), stderr: run.stderr }).toMatchObject({ code: 0, lines: pushed });
  });

  it("does not fall back where the old home answers otherwise", async () => {
    const old = await startStaticServer(scratch, {
      routes: Object.fromEntries(charts.map(({ file }) => [`/old/${file}`, (_, response) => void response.writeHead(403).end()])),
    });
    const run = await migrate(charts.map((chart) => ({ chart, urls: [`${old.url}/old/${chart.file}`] })));
    await old.stop();
    // Not one could be read: the place itself is closed to us.
    expect(run.code).toBe(2);
    expect(statusLines(reportOf(run))).toEqual(charts.map(({ version }) => `web ${version}: failed denied`));
  });

  it("checks the digest of what lies beside the index", async () => {
    const host = `127.0.0.1:${await findFreePort()}`;
    const [first] = charts;
    if (first === undefined) throw new Error("no chart");
    const namespace = "urls-forged";
    const folder = join(scratch, namespace, "repository");
    writeRepository(folder, [{ chart: first, urls: [`http://${host}/${first.file}`] }]);
    writeFileSync(join(folder, first.file), makeChart("web", "1.0.0", { files: { "values.yaml": "forged: true\n" } }).archive);
    const run = await runMigrate([folder, `oci://${registry.host}/${namespace}`], { home: join(scratch, namespace) });
    expect({ code: run.code, lines: statusLines(reportOf(run)) }).toEqual({ code: 1, lines: ["web 1.0.0: failed digest-mismatch"] });
  });

  it("says what is nowhere", async () => {
    const run = await migrate(charts.map((chart) => ({ chart, absent: chart.version === "1.1.0" })));
    expect({ code: run.code, lines: statusLines(reportOf(run)) }).toMatchObject({
      code: 1,
      lines: [pushed[0], "web 1.1.0: failed source-missing", pushed[2]],
    });
    expect(reportOf(run).versions[1]?.message).toContain("web-1.1.0.tgz");
  });

  it("takes the second url where the first is gone", async () => {
    const run = await migrate(charts.map((chart) => ({ chart, urls: [`gone/${chart.file}`, chart.file] })));
    expect({ code: run.code, lines: statusLines(reportOf(run)), stderr: run.stderr }).toMatchObject({ code: 0, lines: pushed });
  });
});

function startMoved(): ReturnType<typeof startStaticServer> {
  const folder = join(scratch, "moved");
  mkdirSync(folder, { recursive: true });
  for (const chart of charts) writeFileSync(join(folder, chart.file), chart.archive);
  return startStaticServer(folder);
}

describe("an index that gives no digest", () => {
  const entries = charts.map((chart) => ({ chart, digest: chart.version === "1.1.0" ? null : chart.digest }));

  it("refuses those versions, names the option, and brings the others", async () => {
    const run = await migrate(entries);
    expect({ code: run.code, lines: statusLines(reportOf(run)) }).toMatchObject({
      code: 1,
      lines: [pushed[0], expect.stringMatching(/^web 1\.1\.0: (?:refused|failed) digest-missing$/u), pushed[2]],
    });
    expect(`${reportOf(run).versions[1]?.message} ${reportOf(run).versions[1]?.hint}`).toContain("--allow-missing-digest");
    expect(run.asked).not.toContain("/web-1.1.0.tgz");
  });

  it("brings them with --allow-missing-digest, and a second run without a journal sees that they are the same", async () => {
    const run = await migrate(entries, ["--allow-missing-digest"]);
    expect({ code: run.code, lines: statusLines(reportOf(run)), stderr: run.stderr }).toMatchObject({ code: 0, lines: pushed });
  });
});

describe("a chart that was replaced where the index gives no digest", () => {
  it("is found by each run, whatever the journal remembers, and by plan once it opens charts", async () => {
    const [folder, home] = [join(scratch, "replaced"), join(scratch, "replaced-home")];
    const target = `oci-layout:${join(scratch, "replaced-layouts")}`;
    for (const each of [folder, home]) mkdirSync(each, { recursive: true });
    const chart = makeChart("web", "1.0.0");
    writeFileSync(join(folder, "index.yaml"), indexText([{ chart, digest: null }]));
    const say = async (...words: readonly string[]): Promise<number> => {
      const [command = "", ...more] = words;
      return (await runChartferry([command, folder, target, "--allow-missing-digest", ...more], { home })).code;
    };
    const all = async (): Promise<number[]> => [
      await say("migrate"),
      await say("migrate", "--no-journal"),
      await say("plan", "--check"),
      await say("plan", "--check", "--deep"),
    ];
    writeFileSync(join(folder, chart.file), chart.archive);
    expect(await all()).toEqual([0, 0, 1, 0]);
    writeFileSync(join(folder, chart.file), makeChart("web", "1.0.0", { lines: ["description: replaced"] }).archive);
    expect(await all()).toEqual([1, 1, 1, 3]);
    expect(await say("migrate", "--existing", "trust")).toBe(0);
  });
});

describe("an archive that is not what the index says", () => {
  it("fails for its digest, its name or its version, and never stops the rest", async () => {
    const other = makeChart("pier", "1.0.0");
    const named = { ...makeChart("boat", "1.0.0"), archive: other.archive, digest: other.digest };
    const broken = { ...makeChart("crane", "1.0.0"), archive: Buffer.from("<html>not found</html>") };
    const run = await migrate([named, broken, ...charts]);
    const lines = statusLines(reportOf(run));
    expect(run.code).toBe(1);
    expect(lines[0]).toMatch(/^boat 1\.0\.0: (?:failed|refused) (?:chart-invalid|entry-invalid|conflict)$/u);
    expect(lines[1]).toBe("crane 1.0.0: failed digest-mismatch");
    expect(lines.slice(2)).toMatchObject(pushed);
    expect(reportOf(run).versions[1]?.message).toContain("HTML");
  });
});
