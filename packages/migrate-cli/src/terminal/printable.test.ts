import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { printable } from "./printable.ts";
import { showError } from "./show-error.ts";

describe("printable", () => {
  it.each([
    ["plain text, é ✓ 日本", "plain text, é ✓ 日本"],
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u009b2Jgone", "gone"],
    ["\u001b]0;title\u0007shown", "shown"],
    ["\u001b]8;;http://evil\u001b\\link", "link"],
    ["one\r\ntwo\tthree", "one two three"],
    ["safe\u202eexe.tgz", "safeexe.tgz"],
    ["a\u200bb\ufeffc\u2028d\ud800e", "abcde"],
    ["bell\u0007 null\u0000", "bell null"],
  ])("%j becomes %j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("cuts what is too long", () => {
    expect(printable("x".repeat(50), 10)).toBe(`${"x".repeat(10)}…`);
  });
});

describe("showError", () => {
  it("names place, version, cause, code and what to try", () => {
    const error = new ChartferryError("refused", {
      code: "denied",
      operation: "push",
      registry: "r.test",
      repository: "charts/web",
      version: "1.0.0",
      hint: "sign in",
    });
    expect(showError(error)).toBe("error: refused (r.test/charts/web 1.0.0) [denied]\n  try: sign in\n");
  });
});
