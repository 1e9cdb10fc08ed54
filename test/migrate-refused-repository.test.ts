import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

import { emptyResponse, startRegistry } from "@chartferry/registry";

import { makeChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { countStatuses } from "./runs/read-report.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("refused-repository");
afterAll(() => removeTempDir(scratch));

const charts = Array.from({ length: 60 }, (_, place) => makeChart(`chart-${String(place).padStart(2, "0")}`, "1.0.0"));

/** What goes to `chart-05` waits for a minute, in real time. */
it.concurrent.each([
  [503, "unavailable"],
  [429, "rate-limited"],
] as const)("a target that answers %i for one repository for ever gets all others", { timeout: 200_000 }, async (status, reason) => {
  const directory = join(scratch, `layouts-${status}`);
  mkdirSync(directory);
  writeRepository(join(scratch, `repository-${status}`), charts);
  const registry = await startRegistry({
    directory,
    port: 0,
    durability: "none",
    hooks: {
      intercept: ({ request: { method }, access }) =>
        method !== "GET" && access.some(({ repository }) => repository === "charts/chart-05") ? emptyResponse(status) : undefined,
    },
  });
  try {
    const target = `oci://${new URL(registry.url).host}/charts`;
    const run = await runMigrate([join(scratch, `repository-${status}`), target], { home: join(scratch, `home-${status}`) });
    const report = reportOf(run);
    expect(countStatuses(report)).toEqual({ pushed: 59, failed: 1 });
    expect(report.versions.find((version) => version.status === "failed")).toMatchObject({ chart: "chart-05", reason });
    expect(run.code).toBe(1);
  } finally {
    await registry.close();
  }
});
