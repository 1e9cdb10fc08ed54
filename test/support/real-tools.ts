import { describe, it } from "vitest";

import { findNeed, type Need } from "./find-tool.ts";

export { type Need, requireTool } from "./find-tool.ts";

/** True when CHARTFERRY_REQUIRE (a comma list) names it: its absence is then a failure and not a skip. */
function isRequired(need: Need): boolean {
  return (process.env["CHARTFERRY_REQUIRE"] ?? "").split(",").some((name) => name.trim() === need);
}

/**
 * `describe` for tests that need real programs; inside tests and hooks `requireTool` gives their paths. What is missing stands in the
 * title of every skipped test, or fails the block when CHARTFERRY_REQUIRE names it.
 */
export function describeWith(needs: readonly Need[], title: string, body: () => void): void {
  const missing = needs.filter((need) => findNeed(need).path === undefined);
  const reasons = missing.map(reasonFor).join("; ");
  if (missing.length === 0) describe(title, body);
  else if (missing.some(isRequired)) failWith(title, reasons);
  else describe.skip(`${title} (skipped: ${reasons})`, body);
}

function reasonFor(need: Need): string {
  const found = findNeed(need);
  return found.path === undefined ? found.reason : "";
}

function failWith(title: string, reasons: string): void {
  describe(title, () => {
    it("finds the programs that CHARTFERRY_REQUIRE names", () => {
      throw new Error(reasons);
    });
  });
}
