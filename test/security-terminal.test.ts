import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { type Route, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("terminal");
afterAll(() => removeTempDir(scratch));

describe("what servers say cannot act on the terminal", () => {
  /** Escapes and control codes, a line's end and tabs not counted. */
  const controls = /[^\P{Cc}\n\t]/u;
  /** What reverses or hides text: JSON is data and keeps it. */
  const formats = /\p{Cf}/u;

  it("names, versions, urls and error texts lose their control characters", async () => {
    const folder = join(scratch, "controls");
    const nasty = "\u001b[2J\u001b]0;owned\u0007\u202egpj.exe\r";
    writeRepository(folder, [makeChart("web", "1.0.0"), makeChart("web", "1.1.0")]);
    const entries = [
      "apiVersion: v1",
      "entries:",
      `  ${JSON.stringify(`web${nasty}`)}:`,
      `  - apiVersion: v2`,
      `    name: ${JSON.stringify(`web${nasty}`)}`,
      `    version: ${JSON.stringify(`1.0.0${nasty}`)}`,
      `    digest: ${"0".repeat(64)}`,
      `    urls: [${JSON.stringify(`x${nasty}.tgz`)}]`,
      "  web:",
      "  - apiVersion: v2",
      "    name: web",
      "    version: 1.0.0",
      `    digest: ${"0".repeat(64)}`,
      `    urls: [${JSON.stringify(`http://127.0.0.1:1/${nasty}`)}, "missing.tgz"]`,
      "",
    ].join("\n");
    writeFileSync(join(folder, "index.yaml"), entries);
    const refuse: Route = (_, response) =>
      void response
        .writeHead(403, { "content-type": "application/json" })
        .end(JSON.stringify({ errors: [{ code: "DENIED", message: `no${nasty}` }] }));
    const registry = await startStaticServer(folder, {
      routes: {
        "/v2/": (_, response) => void response.end("{}"),
        "/v2/charts/web/tags/list": refuse,
        "/v2/charts/web/blobs/uploads/": refuse,
      },
    });
    const home = join(scratch, "home");
    mkdirSync(home);
    for (const options of [[], ["--output", "json", "--log-format", "json"]]) {
      const result = await runChartferry(["migrate", folder, `oci://${registry.host}/charts`, ...options], { home });
      expect(result.code).toBe(1);
      expect(result.stdout).not.toMatch(controls);
      expect(result.stderr).not.toMatch(controls);
      if (options.length === 0) expect(result.stdout + result.stderr).not.toMatch(formats);
    }
    await registry.stop();
  });
});
