import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { schemaProblems } from "../engine/testing/check-schema.ts";
import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { runProgram } from "../run-program.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;
const schema = JSON.parse(readFileSync(new URL("../engine/report.schema.json", import.meta.url), "utf8"));

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
