import { expect, it } from "vitest";

import { isOpenValue, parseKeyLine } from "./index-key-line.ts";

it.each([
  ["web:", { key: "web", value: "" }],
  ["web : [] # none", { key: "web", value: "[] # none" }],
  ["a b: c: d", { key: "a b", value: "c: d" }],
  ["x:y: z", { key: "x:y", value: "z" }],
  ["'x:y' : z", { key: "x:y", value: "z" }],
  ['"web":', { key: "web", value: "" }],
  ['"a\\"b":', undefined],
  ["- web:", undefined],
  ["&a web:", undefined],
  ["? web", undefined],
  ["web", undefined],
])("%j is read as %j", (line, key) => {
  expect(parseKeyLine(line)).toEqual(key);
});

it.each(["[", "[a,", "{a: [b]", '"a', "'", "[a] b", '"'])("%j goes on in the next line", (value) => {
  expect(isOpenValue(value)).toBe(true);
});

it.each(["[]", "{a: b} # c", '"a" # it\'s', "'a'", "plain [", "|", "&a", ""])("%j is complete", (value) => {
  expect(isOpenValue(value)).toBe(false);
});

it("takes linear time on hostile lines", () => {
  const started = performance.now();
  for (const line of [`a${" ".repeat(1e6)}`, `"${" # ".repeat(1e6)}`, "a:".repeat(1e6), `a: [${"] #".repeat(1e6)}`]) {
    const parsed = parseKeyLine(line);
    if (parsed !== undefined) isOpenValue(parsed.value);
  }
  // Quadratic time would take hours.
  expect(performance.now() - started).toBeLessThan(5_000);
});
