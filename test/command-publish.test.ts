import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { makeGate } from "./runs/make-gate.ts";
import { digestOfTag } from "./runs/push-image.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { startProxy } from "./servers/start-proxy.ts";
import { startChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("publish");
const charts = ["1.0.0", "1.1.0", "1.2.0"].map((version) => makeChart("web", version));
let registry: RunningEmbedded;
beforeAll(async () => {
  for (const { file, archive } of charts) writeFileSync(join(scratch, file), archive);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

it("prints what a target has as soon as it has it, in the order of the files, though another target hangs", async () => {
  const gate = makeGate();
  const slow = await startProxy(registry.url, {
    intercept: (request, response) => {
      if (request.method !== "PUT" || !request.url?.includes("/slow/web/manifests/")) return false;
      void gate.opened.then(() => response.writeHead(403).end());
      return true;
    },
  });
  const quick = await startProxy(registry.url, {
    intercept: (request, response) => {
      if (request.method === "PUT" || !request.url?.includes("/quick/web/manifests/1.0.0")) return false;
      // The first file is late, so that the order is no accident.
      setTimeout(() => response.writeHead(404).end(), 1000);
      return true;
    },
  });
  const targets = [`oci://${slow.host}/slow`, `oci://${quick.host}/quick`];
  const running = await startChartferry(["publish", ...charts.map(({ file }) => file), ...targets.flatMap((target) => ["--to", target])], {
    home: scratch,
    readyPattern: /web:1\.2\.0@sha256:[0-9a-f]{64}\n/u,
  });
  const digests = await Promise.all(charts.map(({ version }) => digestOfTag(registry.url, "quick/web", version)));
  const expected = charts.map(({ version }, place) => `${targets[1]}/web:${version}@${digests[place]}`);
  const results = (): string[] =>
    running
      .output()
      .split("\n")
      .filter((line) => line.startsWith("oci://") && line.includes("@"));
  expect(results()).toEqual(expected);
  gate.open();
  expect(await running.stop("SIGURG")).toBe(1);
  expect(results()).toEqual(expected);
  await Promise.all([slow.stop(), quick.stop()]);
});
