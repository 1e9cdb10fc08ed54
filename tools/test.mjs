#!/usr/bin/env node
/** `npm test`: from a bare clone to the test result. Installs what is missing, builds, runs the unit tests and the tests of whole programs. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build, cleanEnvironment, ensureDependencies, requireNode, ROOT, run, runTool } from "./steps.mjs";

function main() {
  requireNode();
  if (!ensureDependencies()) return fail("npm ci failed");
  // What cannot be installed is named by the script, and again by every test that is skipped for it.
  run(process.execPath, [join(ROOT, "tools", "install-real-tools.mjs")]);
  if (!build()) return fail("the build failed");

  const unit = vitest(["run", "--coverage"]);
  const whole = vitest(["run", "--config", "test/vitest.config.ts"]);
  const total = add(unit.counts, whole.counts);
  const isGood = unit.succeeded && whole.succeeded && total.failed === 0;
  console.log(`\nunit tests: ${text(unit.counts)}; whole programs: ${text(whole.counts)}`);
  if (isGood) console.log("npm test: everything that ran has passed");
  else fail("something above failed");
}

function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "chartferry-summary-"));
  const file = join(folder, "summary.jsonl");
  const succeeded = runTool("vitest/vitest.mjs", args, { env: { ...cleanEnvironment(), CHARTFERRY_TEST_SUMMARY: file } });
  const lines = existsSync(file) ? readFileSync(file, "utf8") : "";
  rmSync(folder, { recursive: true });
  const counts = lines === "" ? { passed: 0, failed: 0, skipped: 0 } : JSON.parse(lines);
  passOn(counts, succeeded);
  return { succeeded, counts };
}

/** For whoever adds up several runs. A run that failed with no failed test (coverage, no tests found) counts as one failure. */
function passOn(counts, succeeded) {
  const file = process.env.CHARTFERRY_TEST_SUMMARY;
  if (!succeeded && counts.failed === 0) counts.failed = 1;
  if (file) appendFileSync(file, `${JSON.stringify(counts)}\n`);
}

function add(one, other) {
  return { passed: one.passed + other.passed, failed: one.failed + other.failed, skipped: one.skipped + other.skipped };
}

function text({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function fail(reason) {
  console.error(`npm test: FAILED, ${reason}`);
  process.exitCode = 1;
}

main();
