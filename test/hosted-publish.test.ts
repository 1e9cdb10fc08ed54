import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Setup, setups, unavailable } from "@chartferry/conformance/emulators";
import { expect, it, onTestFinished } from "vitest";

import { startClouds } from "./hosted/start-clouds.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { runChartferry } from "./support/chartferry.ts";

const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
/** Where vendors publish. */
const clouds = ["ecr", "acr", "gar", "docker-hub", "harbor", "ghcr"].filter((name) => setups[name] !== undefined);

const creating = ["--create-repositories", "if-missing"];

it(`migrates to ${clouds.join(", ")} at once: one download a chart, one digest everywhere`, async () => {
  const { all, home, env } = await startClouds(clouds);
  const charts = await startStaticServer(examples);
  onTestFinished(() => charts.stop());
  const run = await runMigrate([charts.url, ...all.map(({ target }) => target), ...creating], { home, env });
  expect(run).toMatchObject({ code: 0 });
  const report = reportOf(run);
  expect(report.run.targets.map(({ adapter }) => adapter)).toEqual(clouds);
  expect(Object.values(report.totals.targets).map(({ pushed }) => pushed)).toEqual(clouds.map(() => 8));
  expect(report.totals.downloads).toMatchObject({ charts: 8, reopened: 0 });
  expect(charts.requests.filter(({ path }) => path.endsWith(".tgz"))).toHaveLength(8);
  const digests = new Map<string, Set<string | undefined>>();
  for (const { chart, version, manifestDigest } of report.versions)
    digests.set(`${chart} ${version}`, (digests.get(`${chart} ${version}`) ?? new Set()).add(manifestDigest));
  expect([...digests.values()].map(({ size }) => size)).toEqual(Array.from({ length: 8 }, () => 1));
});

it("does not let one that fails, nor one that is slow, hold back or fail the others, and the report says which", async () => {
  const { all, home, env } = await startClouds(clouds);
  const [failing, slow, ...others] = all;
  if (failing === undefined || slow === undefined) throw new Error("there are too few registries");
  failing.emulator.faults.push({ host: failing.registry, answer: unavailable, times: Number.POSITIVE_INFINITY });
  slow.emulator.faults.push({ host: slow.registry, delayMs: 500, times: Number.POSITIVE_INFINITY });
  const words = [examples, ...all.map(({ target }) => target), ...creating, "--max-wait", "2s"];
  const run = await runMigrate(words, { home, env, limitMs: 110_000 });
  expect(run.code).toBe(1);
  const { targets } = reportOf(run).totals;
  expect(targets[failing.target]).toMatchObject({ pushed: 0 });
  for (const { target } of [slow, ...others]) expect([target, targets[target]]).toMatchObject([target, { pushed: 8, failed: 0 }]);
  for (const { emulator } of others) expect(lastPush(emulator)).toBeLessThan(lastPush(slow.emulator));
});

/** Milliseconds since 1970 of the last manifest that it took. */
function lastPush({ log }: Setup["emulator"]): number {
  return Math.max(
    0,
    ...log.flatMap(({ method, path, status, at }) => (method === "PUT" && path.includes("/manifests/") && status < 300 ? [at] : [])),
  );
}

it("publishes one chart to all of them, and prints its reference and digest at each", async () => {
  const { all, home, env } = await startClouds(clouds);
  const chart = join(examples, readdirSync(examples).find((name) => name.startsWith("harbour-web-1.3.0")) ?? "");
  const to = all.flatMap(({ target }) => ["--to", target]);
  const run = await runChartferry(["publish", chart, ...to, ...creating, "--output", "json"], { home, env });
  expect(run).toMatchObject({ code: 0 });
  const { versions }: { versions: { target: string; manifestDigest: string }[] } = JSON.parse(run.stdout);
  expect(versions.map(({ target }) => target).toSorted()).toEqual(all.map(({ target }) => target).toSorted());
  expect(new Set(versions.map(({ manifestDigest }) => manifestDigest)).size).toBe(1);
});
