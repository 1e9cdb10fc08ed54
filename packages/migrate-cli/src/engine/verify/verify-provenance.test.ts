import { rmSync } from "node:fs";

import { ChartferryError, type ChartSource, digestOf, type SoughtProvenance } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { migrate } from "../migrate.ts";
import { audited, blobFile, layoutTarget, push } from "../testing/audit-target.ts";
import { createFakeSource } from "../testing/fake-source.ts";

const failed = (code: "provenance-missing" | "provenance-unavailable"): ChartferryError =>
  new ChartferryError("none", { code, operation: "fetch provenance" });

describe("provenance in an audit", () => {
  const provenance = "signed";
  const signed = digestOf(Buffer.from(provenance));
  const found: SoughtProvenance = { found: true, digest: signed, notes: [] };
  const absent: SoughtProvenance = { found: false, notes: [] };
  const doubtful: SoughtProvenance = { found: false, notes: [{ code: "provenance-doubtful", text: "an HTML page" }] };

  function source(sought: SoughtProvenance | ChartferryError, travels: boolean): ChartSource {
    const plain = createFakeSource(["web 1.0.0"]);
    return {
      ...plain,
      seekProvenance: () => (sought instanceof ChartferryError ? Promise.reject(sought) : Promise.resolve(sought)),
      async open(entry, options) {
        const chart = await plain.open(entry, options);
        const bytes = Buffer.from(provenance);
        const content = {
          digest: signed,
          size: bytes.byteLength,
          bytes,
          async *open() {
            yield bytes;
          },
        };
        return chart.kind === "assemble" && travels ? { ...chart, provenance: content } : chart;
      },
    };
  }

  it.each<[boolean, string, SoughtProvenance | ChartferryError, string]>([
    [true, "the same", found, "same equal"],
    [true, "another", { ...found, digest: digestOf(Buffer.from("signed again")) }, "drifted provenance-differs drift"],
    [true, "none", absent, "drifted provenance-unexpected drift"],
    [true, "a doubtful answer", doubtful, "unverifiable provenance-unavailable doubt"],
    [false, "one", found, "drifted provenance-missing drift"],
    [false, "none", absent, "same equal"],
    [false, "no answer", failed("provenance-unavailable"), "unverifiable provenance-unavailable doubt"],
    [false, "none, though it is required", failed("provenance-missing"), "same equal"],
  ])("standing there: %s, at the source: %s", async (travels, ...given) => {
    const [, sought, wanted] = given;
    const target = await layoutTarget();
    await push(target, source(found, travels));
    const told = await audited(target, source(sought, travels));
    expect([...told.lines, told.verdict].join(" ")).toBe(`web 1.0.0: ${wanted}`);
  });

  it.each<[string, SoughtProvenance | ChartferryError]>([
    ["sign the chart", absent],
    ["sign the chart", failed("provenance-missing")],
    ["--refresh-provenance", found],
    ["sign the chart", failed("provenance-unavailable")],
  ])("is missed where it is required, whatever the source has: %s", async (hint, sought) => {
    const target = await layoutTarget();
    await push(target, source(found, false));
    for (const quick of [false, true]) {
      const told = await audited(target, source(sought, false), { provenance: "require", quick });
      expect([...told.lines, told.verdict]).toEqual(["web 1.0.0: drifted provenance-missing", "drift"]);
      expect(told.records[0]?.hint).toContain(quick ? "sign the chart" : hint);
    }
    await migrate({ source: source(found, true), targets: [target], existing: "overwrite" }).then((report) => report.close());
    expect((await audited(target, source(found, true), { provenance: "require" })).lines).toEqual(["web 1.0.0: same"]);
  });

  it("is not looked for under --quick, nor where it is left out", async () => {
    const target = await layoutTarget();
    await push(target, source(found, false));
    for (const more of [{ quick: true }, { provenance: "skip" }] as const)
      expect((await audited(target, source(found, false), more)).lines).toEqual(["web 1.0.0: same"]);
  });

  it("is broken where its blob is gone", async () => {
    const target = await layoutTarget();
    await push(target, source(found, true));
    rmSync(blobFile(target.folder, "charts/web", signed));
    expect((await audited(target, source(found, true))).lines).toEqual(["web 1.0.0: broken blob-missing"]);
  });
});
