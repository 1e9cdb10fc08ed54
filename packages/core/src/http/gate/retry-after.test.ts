import { describe, expect, it } from "vitest";

import { retryAfterMs } from "./retry-after.ts";

const now = Date.UTC(2024, 0, 1);
const nowDate = "Mon, 01 Jan 2024 00:00:00 GMT";

function read(value: string, date?: string): number | undefined {
  return retryAfterMs({ "retry-after": value, ...(date === undefined ? {} : { date }) }, now);
}

describe("a Retry-After", () => {
  it("is read in every form, and nothing else is", () => {
    expect(["5", " 7 ", "1.5", "0.1", "10, 10"].map((value) => read(value))).toEqual([5000, 7000, 1500, 100, 10_000]);
    expect(read("Mon, 01 Jan 2024 00:01:00 GMT")).toBe(60_000);
    expect(["", "soon", "-5", "5s"].map((value) => read(value))).toEqual([undefined, undefined, undefined, undefined]);
    expect(read("99999999999")).toBe(30 * 24 * 3600 * 1000);
  });

  it("that is a date counts from the answer's own", () => {
    expect(read("Mon, 01 Jan 2024 10:00:30 GMT", "Mon, 01 Jan 2024 10:00:00 GMT")).toBe(30_000);
  });

  it.each([
    ["0", undefined],
    ["0.0", undefined],
    ["0.01", undefined],
    [nowDate, nowDate],
    [nowDate, undefined],
    ["Sun, 31 Dec 2023 00:00:00 GMT", nowDate],
  ])("that is over already, as %s where the answer's date is %s, says no more than none", (value, date) => {
    expect(read(value, date)).toBeUndefined();
  });
});
