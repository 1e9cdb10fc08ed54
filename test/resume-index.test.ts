import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { makeGate } from "./runs/make-gate.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { readContents } from "./runs/read-contents.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { spawnChartferry } from "./support/chartferry.ts";
import { type Route, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("resume-index");
const charts = Array.from({ length: 40 }, (_, place) => makeChart("web", `1.${place}.0`));
let index: Buffer;
let registry: RunningRegistry;
beforeAll(async () => {
  writeRepository(scratch, charts);
  index = readFileSync(join(scratch, "index.yaml"));
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

/** Sends the index, or what is left of it, in answers that break off after a third of it. */
function cutting({ ranges }: { readonly ranges: boolean }): Route {
  let answers = 0;
  return ({ headers }, response) => {
    const from = ranges && headers["if-range"] === '"1"' ? Number(/\d+/u.exec(headers.range ?? "")?.[0] ?? 0) : 0;
    const rest = index.subarray(from);
    const range = from > 0 ? { "content-range": `bytes ${from}-${index.byteLength - 1}/${index.byteLength}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { etag: '"1"', "content-length": rest.byteLength, ...range });
    // Each answer brings more than the one before, whether or not it goes on from there.
    const bytes = (ranges ? 1 : (answers += 1)) * Math.ceil(index.byteLength / 3);
    if (bytes >= rest.byteLength) response.end(rest);
    else response.write(rest.subarray(0, bytes), () => setTimeout(() => response.destroy(), 50));
  };
}

describe("an index whose download breaks off", () => {
  it.each([
    ["goes on where it was", true],
    ["begins again where the server knows no ranges", false],
  ])("%s, and every version arrives", async (_title, ranges) => {
    const home = makeTempDir("resume-index-home");
    const source = await startStaticServer(scratch, { routes: { "/index.yaml": cutting({ ranges }) } });
    const namespace = `cut-${ranges ? "ranges" : "whole"}`;
    const { code, report } = await migrateToJson([source.url, `oci://${registry.host}/${namespace}`], { home });
    expect(code).toBe(0);
    expect(report.versions).toHaveLength(40);
    expect(await readContents(registry.host, namespace, ["web"])).toHaveLength(40);
    const asked = source.requests.filter(({ path }) => path === "/index.yaml").map(({ headers }) => headers.range !== undefined);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked[0]).toBe(false);
    expect(asked.slice(1)).toEqual(asked.slice(1).map(() => true));
    await source.stop();
    removeTempDir(home);
  });

  it("because the program is killed leaves no temporary file, and nothing was sent", async () => {
    const home = makeTempDir("resume-index-killed");
    const temporary = join(home, "tmp");
    mkdirSync(temporary);
    const half = makeGate();
    const stall: Route = (_request, response) => {
      response.writeHead(200, { "content-length": index.byteLength });
      response.write(index.subarray(0, index.byteLength >> 1), half.open);
    };
    const source = await startStaticServer(scratch, { routes: { "/index.yaml": stall } });
    const args = ["migrate", source.url, `oci://${registry.host}/stalled`];
    const running = spawnChartferry(args, { home, env: { TMPDIR: temporary } });
    await half.opened;
    running.kill("SIGKILL");
    expect((await running.ended).code).toBe(-1);
    expect(readdirSync(temporary)).toEqual([]);
    expect(await readContents(registry.host, "stalled", ["web"])).toEqual([]);
    await source.stop();
    removeTempDir(home);
  });
});
