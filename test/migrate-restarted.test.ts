import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { type RunningChartferry, startChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("restarted");
afterAll(() => removeTempDir(scratch));

const charts = Array.from({ length: 400 }, (_, place) => makeChart("web", `1.${place}.0`));
/** How long the registry is away. Milliseconds. */
const away = 2000;

function serve(port: string): Promise<RunningChartferry> {
  const home = join(scratch, "serve");
  mkdirSync(join(home, "layouts"), { recursive: true });
  return startChartferry(["serve", join(home, "layouts"), "--port", port], { home, readyPattern: /http:\/\/(127\.0\.0\.1:(\d+))/u });
}

async function tagsAt(host: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${host}/v2/charts/web/tags/list`);
  if (!answer.ok) return [];
  const { tags }: { tags: string[] } = JSON.parse(await answer.text());
  return tags;
}

it("gets every version to a registry that is killed on the way and started again on the same port", { timeout: 120_000 }, async () => {
  const source = join(scratch, "repository");
  writeRepository(source, charts);
  const first = await serve("0");
  const [, host = "", port = ""] = first.ready;
  const running = runMigrate([source, `oci://${host}/charts`], { home: join(scratch, "home") });
  let standing = 0;
  while (standing < 40) standing = (await tagsAt(host)).length;
  expect(standing).toBeLessThan(charts.length);
  await first.stop("SIGKILL");
  await delay(away);
  const second = await serve(port);
  try {
    const run = await running;
    expect(Object.values(reportOf(run).totals.targets)[0]).toMatchObject({ pushed: charts.length, failed: 0, "not-attempted": 0 });
    expect(run.code).toBe(0);
    expect(new Set(await tagsAt(host))).toEqual(new Set(charts.map(({ version }) => version)));
  } finally {
    await second.stop("SIGTERM");
  }
});
