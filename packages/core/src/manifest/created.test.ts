import { describe, expect, it } from "vitest";

import { chooseCreated } from "./created.ts";
import { readRfc3339, readSourceDateEpoch } from "./timestamps.ts";

const everything = {
  kept: "2001-01-01T00:00:00+01:00",
  explicit: "2002-01-01T00:00:00Z",
  sourceDateEpoch: "1000",
  fileModified: 2000.9,
  indexCreated: "2003-01-01T00:00:00Z",
  chartYamlTime: 3000,
};

describe("chooseCreated", () => {
  it.each([
    [{}, "kept", "2001-01-01T00:00:00+01:00"],
    [{ kept: undefined }, "explicit", "2002-01-01T00:00:00Z"],
    [{ kept: undefined, explicit: undefined }, "source-date-epoch", "1970-01-01T00:16:40Z"],
    [{ kept: undefined, explicit: undefined, sourceDateEpoch: "" }, "file-modified", "1970-01-01T00:33:20Z"],
    [{ kept: undefined, explicit: undefined, sourceDateEpoch: undefined, fileModified: undefined }, "index", "2003-01-01T00:00:00Z"],
  ])("without %j it takes the next: %s", (missing, rule, created) => {
    expect(chooseCreated({ ...everything, ...missing })).toEqual({ rule, created, notes: [] });
  });

  it("takes the time of Chart.yaml where the index has none", () => {
    expect(chooseCreated({ chartYamlTime: 3000 })).toEqual({ rule: "chart-yaml", created: "1970-01-01T00:50:00Z", notes: [] });
  });

  it.each(["yesterday", "0001-01-01T00:00:00Z", "2021-02-30T00:00:00Z"])("passes over the index time %s and says so", (indexCreated) => {
    const { rule, notes } = chooseCreated({ indexCreated, chartYamlTime: 3000 });
    expect(rule).toBe("chart-yaml");
    expect(notes).toEqual([expect.objectContaining({ code: "created-unreadable" })]);
  });

  it("never takes the clock: without any time it is 1970, with a remark", () => {
    expect(chooseCreated({})).toEqual({
      created: "1970-01-01T00:00:00Z",
      rule: "epoch",
      notes: [expect.objectContaining({ code: "created-unknown" })],
    });
  });

  it("remarks on an index time without a zone", () => {
    const { created, notes } = chooseCreated({ indexCreated: "2021-04-08 15:40:26.9" });
    expect(created).toBe("2021-04-08T15:40:26Z");
    expect(notes).toEqual([expect.objectContaining({ code: "created-without-zone" })]);
  });

  it.each([
    "yesterday",
    "2024-01-02",
    "2024-01-02T03:04:05",
    "",
    "2024-01-02T03:04:05 Z",
    "2024-01-02T03:04:05+0000",
    "2024-01-02T03:04:05,5Z",
    "2024-01-02 03:04:05 +0200 CEST",
    "2024-01-02T03:04:05UTC",
    "2024-01-02T03:04:05+24:00",
    "2024-02-30T03:04:05Z",
  ])("refuses --created %j, which is no RFC 3339", (explicit) => {
    expect(() => chooseCreated({ explicit })).toThrow(expect.objectContaining({ code: "usage" }));
  });

  it.each(["2024-01-02T03:04:05.999+02:00", "2024-01-02t01:04:05z", "2024-01-02 01:04:05Z", " 2024-01-01T23:34:05-01:30\n"])(
    "writes --created %j in UTC with whole seconds",
    (explicit) => {
      expect(chooseCreated({ explicit }).created).toBe("2024-01-02T01:04:05Z");
    },
  );
});

describe("times of real indexes", () => {
  it.each([
    ["2016-10-06T16:23:20.499814565-06:00", "2016-10-06T22:23:20Z"],
    ["2021-04-08T15:40:26.123456789Z", "2021-04-08T15:40:26Z"],
    ["2021-04-08T15:40:26+05:30", "2021-04-08T10:10:26Z"],
    ["2021-04-08 15:40:26 +0000 UTC", "2021-04-08T15:40:26Z"],
    ["2021-04-08t15:40:26z", "2021-04-08T15:40:26Z"],
    ["2021-04-08T15:40:26,5 +0200 CEST", "2021-04-08T13:40:26Z"],
    ["2021-04-08", "2021-04-08T00:00:00Z"],
    ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"],
  ])("%s is %s", (written, expected) => {
    expect(chooseCreated({ indexCreated: written }).created).toBe(expected);
  });

  it.each(["2021-04-08T25:00:00Z", "2021-13-01T00:00:00Z", "2021-04-08T15:40:26+99:00", "9999-12-31T23:59:59-01:00", "1617896426"])(
    "%s is none",
    (written) => {
      expect(readRfc3339(written)).toBeUndefined();
    },
  );
});

describe("SOURCE_DATE_EPOCH", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["0", 0],
    ["+5", 5],
    ["1704164645", 1_704_164_645],
  ])("%j is %j", (text, seconds) => {
    expect(readSourceDateEpoch(text)).toBe(seconds);
  });

  it.each(["-1", "1.5", "0x10", "1e3", " 1", "now", "99999999999999"])("refuses %j", (text) => {
    expect(() => readSourceDateEpoch(text)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
