import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { tagsOf } from "./runs/push-image.ts";
import { readReport } from "./runs/read-report.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { type ProgramResult, runProgram } from "./support/run-program.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

/** The packages resolve from here as they would for somebody who has installed them: built, by their published names. */
const here = fileURLToPath(new URL(".", import.meta.url));
const scratch = makeTempDir("engine");
let registry: RunningEmbedded;
beforeAll(async () => {
  const whole = makeChart("web", "1.0.0");
  writeRepository(join(scratch, "repository"), [whole, makeChart("web", "1.1.0"), { chart: makeChart("web", "2.0.0"), absent: true }]);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

/** A program of somebody else, who prints nothing of its own. */
const program = `
import { adapters } from "@chartferry/adapters";
import { createClassicSource, createHttpClient, openConnection } from "@chartferry/core";
import { migrate, writeReport } from "chartferry/engine";

const [location, host, file] = process.argv.slice(1);
const environment = {};
const http = createHttpClient({ origin: new URL("http://localhost"), environment });
const source = createClassicSource({ location, http, provenance: "auto" });
const connection = await openConnection({ end: "target", registry: host, environment, adapters });
const target = { id: "oci://" + host + "/engine", connection, namespace: "engine" };
const report = await migrate({ source, targets: [target] });
await writeReport(file, report);
report.close();
await connection.close();
await source.close();
`;

function runAsLibrary(...args: readonly string[]): Promise<ProgramResult> {
  const env = { PATH: process.env["PATH"], HOME: scratch, TMPDIR: process.env["TMPDIR"] };
  return runProgram(process.execPath, ["--input-type=module", "-e", program, ...args], { cwd: here, env });
}

describe("chartferry/engine", () => {
  it("migrates for a program that imports it and prints nothing, not even of a version that fails", async () => {
    const file = join(scratch, "report.json");
    const result = await runAsLibrary(join(scratch, "repository"), registry.host, file);
    expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await tagsOf(registry.url, "engine/web")).toEqual(["1.0.0", "1.1.0"]);
    const { versions } = readReport(file);
    expect(versions.map(({ version, status, reason }) => `${version} ${status} ${reason}`)).toEqual([
      "1.0.0 pushed copied",
      "1.1.0 pushed copied",
      "2.0.0 failed source-missing",
    ]);
  });

  it("throws what keeps it from reading anything, and still prints nothing of its own", async () => {
    const result = await runAsLibrary(join(scratch, "no-such-folder"), registry.host, join(scratch, "none.json"));
    expect(result.code).toBe(1);
    expect(result.stdout).toBe("");
    // What Node prints of an error that nobody caught, and no line before it.
    expect(result.stderr).toMatch(/ChartferryError/u);
    expect(result.stderr).toContain("code: 'file-missing'");
  });

  it("loads no command line", () => {
    const engine = readFileSync(join(here, "..", "packages", "migrate-cli", "dist", "engine", "index.js"), "utf8");
    expect(engine).not.toMatch(/commander|commands\/|terminal\//u);
  });
});
