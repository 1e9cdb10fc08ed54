import { describe, expect, it } from "vitest";

import { printable, quote, shown } from "./shown-text.ts";

describe("printable", () => {
  it.each([
    ["plain text, é ✓ 日本", "plain text, é ✓ 日本"],
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u009b2Jgone", "gone"],
    ["\u001b]0;title\u0007shown", "shown"],
    ["\u001b]8;;http://evil\u001b\\link", "link"],
    ["one\r\ntwo\tthree", "one two three"],
    ["two\u2028lines", "two lines"],
    ["  much \n room ", "much room"],
    ["safe\u202eexe.tgz", "safeexe.tgz"],
    ["a\u200bb\ufeffc\ud800d", "abcd"],
    ["bell\u0007 null\u0000", "bell null"],
    ["half an escape \u001b", "half an escape"],
  ])("%j becomes %j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("cuts what is too long, and no character in two", () => {
    expect(printable("x".repeat(50), 10)).toBe(`${"x".repeat(10)}…`);
    expect(printable(`${"x".repeat(9)}\u{1f600}y`, 10)).toBe(`${"x".repeat(9)}…`);
  });
});

describe("shown", () => {
  it.each([
    ["web-1.0.0+build", "web-1.0.0+build"],
    ["we\u200bb", "we\u{fffd}b"],
    ["a\nb", "a\u{fffd}b"],
    ["\u001b[31mred", "\u{fffd}red"],
    ["\u001b", "\u{fffd}"],
    ["gpj\u202e.exe", "gpj\u{fffd}.exe"],
  ])("leaves a mark where something could not be shown: %j becomes %j", (text, expected) => {
    expect(shown(text)).toBe(expected);
    expect(quote(text)).toBe(`"${expected}"`);
  });

  it("is never longer than a line or two", () => {
    expect(shown("x".repeat(1_000_000))).toBe(`${"x".repeat(160)}…`);
  });
});
