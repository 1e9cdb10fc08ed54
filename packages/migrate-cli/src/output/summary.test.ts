import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { schemaProblems } from "../engine/testing/check-schema.ts";
import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { runProgram } from "../run-program.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;
const schema = JSON.parse(readFileSync(new URL("../engine/report.schema.json", import.meta.url), "utf8"));

it("says what is remarkable about an index as a whole, in the summary and in the report", async () => {
  const folder = join(temporaryFolder(), "repo");
  const reportFile = join(temporaryFolder(), "report.json");
  mkdirSync(folder);
  cpSync(join(examples, "harbour-web-1.2.0.tgz"), join(folder, "x.tgz"));
  const entry = "entries:\n  harbour-web:\n  - {name: harbour-web, version: 1.2.0, urls: [x.tgz]}\n";
  writeFileSync(join(folder, "index.yaml"), `${entry}generated: "2024-01-01T00:00:00Z"\n`);
  const terminal = createFakeTerminal({ HOME: "/nonexistent" });
  const words = ["migrate", folder, `oci-layout:${temporaryFolder()}`, "--no-journal", "--report", reportFile, "--allow-missing-digest"];
  expect(await runProgram(words, terminal), terminal.stderr()).toBe(0);
  expect(terminal.stdout()).toContain("note: index-without-api-version: the index has no apiVersion");
  const report = JSON.parse(readFileSync(reportFile, "utf8"));
  expect(report.run.notes).toEqual([{ code: "index-without-api-version", text: expect.stringContaining("apiVersion") }]);
  expect(schemaProblems(report, schema)).toEqual([]);
});
