import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { HostRecord, Report } from "../engine/keep/report.ts";
import { schemaProblems } from "../engine/testing/check-schema.ts";
import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { figuresWith } from "../testing/fake-progress.ts";
import { runProgram } from "../run-program.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { summarize } from "./summary.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;
const schema = JSON.parse(readFileSync(new URL("../engine/keep/report.schema.json", import.meta.url), "utf8"));

const cases = [
  { name: "an index without apiVersion", head: "", end: 'generated: "2024-01-01T00:00:00Z"\n', code: "index-without-api-version" },
  { name: "an index that was cut between two entries", head: "apiVersion: v1\n", end: "", code: "index-end-unknown" },
];

it.each(cases)("says of $name, in the summary and in the report, that $code", async ({ head, end, code }) => {
  const folder = join(temporaryFolder(), "repo");
  const reportFile = join(temporaryFolder(), "report.json");
  mkdirSync(folder);
  cpSync(join(examples, "harbour-web-1.2.0.tgz"), join(folder, "x.tgz"));
  const entry = "entries:\n  harbour-web:\n  - {name: harbour-web, version: 1.2.0, urls: [x.tgz]}\n";
  writeFileSync(join(folder, "index.yaml"), `${head}${entry}${end}`);
  const terminal = createFakeTerminal({ HOME: "/nonexistent" });
  const words = ["migrate", folder, `oci-layout:${temporaryFolder()}`, "--no-journal", "--report", reportFile, "--allow-missing-digest"];
  expect(await runProgram(words, terminal), terminal.stderr()).toBe(0);
  expect(terminal.stdout()).toContain(`note: ${code}: the index `);
  const report = JSON.parse(readFileSync(reportFile, "utf8"));
  expect(report.run.notes).toEqual([{ code, text: expect.stringContaining("the index ") }]);
  expect(schemaProblems(report, schema)).toEqual([]);
});

const quiet = { requests: 9, retries: 0, bytesSent: 0, bytesReceived: 0, throttled: 0, pausedMs: 0 };

function reportWith(hosts: readonly HostRecord[]): Report {
  const targets = ["oci://a.test/x", "oci://b.test/x"];
  const times = { started: "2024-01-01T00:00:00Z", ended: "2024-01-01T00:00:01Z", end: "complete" } as const;
  const run = { command: "migrate", chartferry: "1", node: "v20", ...times, source: "https://charts.test", notes: [], journals: [] };
  return {
    schemaVersion: 1,
    run: { ...run, targets: targets.map((id) => ({ id, adapter: "generic" })), configuration: {} },
    totals: figuresWith(targets).totals,
    hosts,
    records: () => [],
    close: () => {},
  };
}

it("says in one line for each target, and for the source, that it asked for patience and what that cost", () => {
  const lines = summarize(
    reportWith([
      { ...quiet, end: "source", host: "charts.test", throttled: 1 },
      { ...quiet, end: "target", target: "oci://a.test/x", host: "a.test", throttled: 3, pausedMs: 30_000 },
      { ...quiet, end: "target", target: "oci://a.test/x", host: "auth.a.test", throttled: 1, pausedMs: 1500 },
      { ...quiet, end: "target", target: "oci://b.test/x", host: "b.test" },
    ]),
  ).split("\n");
  expect(lines.slice(1, 6)).toEqual([
    expect.stringContaining("oci://a.test/x: "),
    "    asked for fewer requests 4 times (429, 503); requests were held back for 32 s",
    expect.stringContaining("oci://b.test/x: "),
    expect.stringContaining("charts read from the source"),
    "    asked for fewer requests once (429, 503)",
  ]);
});

it("says nothing of patience where nobody asked for any", () => {
  expect(summarize(reportWith([{ ...quiet, end: "source", host: "charts.test" }]))).not.toContain("asked for");
});
