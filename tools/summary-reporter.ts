import { appendFileSync } from "node:fs";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/**
 * Names every skipped test with its reason and prints the counts in one line that tools can rely on, whatever vitest's own summary
 * looks like. With CHARTFERRY_TEST_SUMMARY it appends the counts and what failed to that file as a JSON line, from which `npm test` and
 * `.ci/run` add up.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => isSkipped(test));
    for (const test of skipped) console.log(`SKIPPED ${test.fullName}${noteOf(test)}`);

    const passed = tests.filter((test) => test.result().state === "passed").length;
    // A file that cannot be loaded and an error outside every test fail the run just the same.
    const failed = tests.length - passed - skipped.length + modules.filter(isBroken).length + unhandledErrors.length;
    console.log(`tests: ${passed} passed, ${failed} failed, ${skipped.length} skipped (Node ${process.versions.node})`);
    const file = process.env["CHARTFERRY_TEST_SUMMARY"];
    const failures = [
      ...tests.filter((test) => test.result().state === "failed").map(describeFailure),
      ...modules.filter(isBroken).map(nameOf),
    ];
    if (file) appendFileSync(file, `${JSON.stringify({ passed, failed, skipped: skipped.length, failures })}\n`);
  }
}

/** A test within a skipped suite within a skipped suite stays `pending`; one that waits for nothing else was never reached. */
function isSkipped(test: TestCase): boolean {
  const { state } = test.result();
  if (state !== "pending") return state === "skipped";
  for (let place: TestCase["parent"] = test.parent; place.type === "suite"; place = place.parent) {
    if (place.options.mode === "skip") return true;
  }
  return false;
}

function isBroken(module: TestModule): boolean {
  const suites = [...module.children.allSuites()];
  return module.errors().length > 0 || suites.some((suite) => suite.errors().length > 0);
}

function describeFailure(test: TestCase): string {
  const cause = test.result().errors?.[0]?.message.split("\n", 1)[0] ?? "";
  return `${nameOf(test.module)}: ${test.fullName}: ${cause} (Node ${process.versions.node})`;
}

function nameOf(module: TestModule): string {
  return module.relativeModuleId;
}

function noteOf(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note ? ` (skipped: ${result.note})` : "";
}
