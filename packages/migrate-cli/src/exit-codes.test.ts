import { readFileSync } from "node:fs";

import { ChartferryError, errorCodes } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createTotals, type Report } from "./engine/keep/report.ts";
import type { VersionRecord } from "./engine/work-item.ts";
import { exitCodeFor, exitCodeOf, exitCodes } from "./exit-codes.ts";

const ofError = (code: (typeof errorCodes)[number]): number => exitCodeFor(new ChartferryError("x", { code, operation: "test" }));

type Outcome = readonly [VersionRecord["status"], reason?: string, target?: string];

/** A report of these outcomes, each of one version; an empty target stands for an entry that cannot be used at any. */
function reportOf(outcomes: readonly Outcome[], end: Report["run"]["end"] = "complete"): Report {
  const totals = createTotals(["one", "two"]);
  const records = outcomes.map(([status, reason, target = "one"], index): VersionRecord => {
    const facts = { chart: "web", version: `1.0.${index}`, status, bytes: 0, attempts: 1, milliseconds: 1, notes: [] };
    return { ...facts, ...(reason === undefined ? {} : { reason }), ...(target === "" ? {} : { target }) };
  });
  for (const record of records) totals.add(record);
  totals.crawl.problems = records.filter(({ target }) => target === undefined).length;
  const texts = { command: "", chartferry: "", node: "", started: "", ended: "", source: "" };
  return {
    schemaVersion: 1,
    run: { ...texts, end, notes: [], targets: [], journals: [], configuration: {} },
    totals: totals.snapshot({ charts: 0, reopened: 0, bytes: 0 }),
    hosts: [],
    records: () => records,
    close: () => {},
  };
}

describe("the exit code of a failure that ends a command", () => {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|.*\| (\d+) \| [^|]+ \|$/gm)];

  it("is the one that the documentation gives, for every code", () => {
    expect(rows.map(([, code, exit]) => [code, Number(exit)])).toEqual(errorCodes.map((code) => [code, ofError(code)]));
  });

  it("is 1 for what concerns one version, 2 for an end or the command, 130 for an interruption", () => {
    expect([ofError("not-a-chart"), ofError("manifest-unknown"), ofError("provenance-missing")]).toEqual([1, 1, 1]);
    expect([ofError("tls"), ofError("credentials-unavailable"), ofError("file-missing")]).toEqual([2, 2, 2]);
    expect(exitCodeFor(new ChartferryError("x", { code: "too-large", operation: "read index" }))).toBe(2);
    expect([ofError("aborted"), exitCodeFor(new TypeError("a mistake of ours"))]).toEqual([130, 2]);
  });
});

describe("the exit code of a run", () => {
  const runs: readonly (readonly [string, readonly Outcome[], number])[] = [
    ["is 0 where everything arrived or was there", [["pushed"], ["skipped", "identical"]], 0],
    ["is 0 where there was nothing to do", [], 0],
    [
      "is 2 where the only target could not be used",
      [
        ["failed", "tls"],
        ["failed", "tls"],
        ["not-attempted", "target-stopped"],
      ],
      2,
    ],
    [
      "is 2 where no target could be used, each for its own reason",
      [
        ["failed", "tls"],
        ["failed", "unauthenticated", "two"],
      ],
      2,
    ],
    [
      "is 2 whatever was refused before it was sent",
      [
        ["failed", "credentials-unavailable"],
        ["refused", "duplicate-tag"],
      ],
      2,
    ],
    [
      "is 1 where one target of two was used",
      [
        ["failed", "tls"],
        ["pushed", "copied", "two"],
      ],
      1,
    ],
    [
      "is 1 where a version was there already",
      [
        ["failed", "denied"],
        ["skipped", "identical"],
      ],
      1,
    ],
    [
      "is 1 where a version failed for a reason of its own",
      [
        ["failed", "tls"],
        ["failed", "digest-mismatch"],
      ],
      1,
    ],
    [
      "is 1 where all failed, each for a reason of its own",
      [
        ["failed", "conflict"],
        ["failed", "conflict"],
      ],
      1,
    ],
    ["is 1 where nothing was fit to be sent", [["refused", "provenance-missing", ""]], 1],
    ["is 1 where every name was refused by us", [["refused", "name-invalid"]], 1],
    ["is 1 where every name was refused by the registry", [["failed", "name-invalid"]], 1],
    ["is 1 for a mistake of ours", [["failed", "unexpected"]], 1],
  ];

  it.each(runs)("%s", (_what, outcomes, code) => {
    expect(exitCodeOf(reportOf(outcomes))).toBe(code);
  });

  it("is 130 where it was interrupted, whatever came before, and 1 where the source broke off", () => {
    expect(exitCodeOf(reportOf([["failed", "tls"]], "interrupted"))).toBe(exitCodes.interrupted);
    expect(exitCodeOf(reportOf([["pushed"]], "source-failed"))).toBe(exitCodes.someFailed);
  });
});
