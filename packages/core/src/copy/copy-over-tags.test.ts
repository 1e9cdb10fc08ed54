import { describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createMemoryStore } from "../store/testing/memory-store.ts";
import type { AssembledPackage } from "./chart-package.ts";
import { checkExisting } from "./check-existing.ts";
import { copyChart } from "./copy-chart.ts";
import { chart, holding, text } from "./testing/small-chart.ts";

describe("a tag that is already there", () => {
  const layerDigest = chart().layer.digest;

  it("costs no request when it is not listed, and none under trust", async () => {
    const store = await holding(chart());
    expect(await checkExisting(store, { tag: "1.0.0", existing: "verify", listed: false })).toEqual({ action: "push", reason: "absent" });
    expect(await checkExisting(store, { tag: "1.0.0", existing: "trust", listed: true })).toEqual({ action: "skip", reason: "listed" });
    expect(store.calls).toEqual([]);
  });

  it("costs one HEAD when an earlier run recorded its digest", async () => {
    const store = await holding(chart());
    const recordedDigest = store.tagged.get("1.0.0") ?? "";
    const answer = await checkExisting(store, { tag: "1.0.0", existing: "verify", listed: true, layerDigest, recordedDigest });
    expect(answer).toMatchObject({ action: "skip", reason: "unchanged" });
    expect(store.calls).toEqual(["HEAD manifest 1.0.0"]);
  });

  it("costs one GET without a record, and the chart layer decides", async () => {
    const store = await holding(chart());
    expect(await checkExisting(store, { tag: "1.0.0", existing: "verify", listed: true, layerDigest })).toMatchObject({
      reason: "same-chart",
    });
    expect(store.calls).toEqual(["GET manifest 1.0.0"]);
    const other = digestOf(text("another archive"));
    const check = checkExisting(store, { tag: "1.0.0", existing: "verify", listed: true, layerDigest: other });
    await expect(check).rejects.toMatchObject({ code: "conflict", repository: "charts/web", version: "1.0.0" });
  });

  it("is pushed again when the record speaks of a tag that is gone", async () => {
    const store = createMemoryStore();
    const check = { tag: "1.0.0", existing: "verify", listed: undefined, layerDigest, recordedDigest: layerDigest } as const;
    expect(await checkExisting(store, check)).toEqual({ action: "push", reason: "absent" });
  });

  it("is refused under fail, unless this journal put it there", async () => {
    const store = await holding(chart());
    const check = { tag: "1.0.0", existing: "fail", listed: true, layerDigest } as const;
    await expect(checkExisting(store, check)).rejects.toMatchObject({ code: "already-exists" });
    const recordedDigest = store.tagged.get("1.0.0");
    expect(await checkExisting(store, { ...check, recordedDigest })).toMatchObject({ action: "skip" });
  });

  it("is ours under fail while its provenance is sought too, whatever the source declares", async () => {
    const store = await holding(chart("archive bytes", "signed"));
    const check = { tag: "1.0.0", existing: "fail", listed: true, seekProvenance: true } as const;
    await expect(checkExisting(store, check)).rejects.toMatchObject({ code: "already-exists" });
    const recordedDigest = store.tagged.get("1.0.0");
    for (const declared of [{}, { layerDigest }])
      expect(await checkExisting(store, { ...check, ...declared, recordedDigest })).toMatchObject({ action: "skip", reason: "unchanged" });
  });

  it("is compared after the download where the source declares no digest", async () => {
    const store = await holding(chart());
    const checked = await checkExisting(store, { tag: "1.0.0", existing: "verify", listed: true });
    expect(checked).toMatchObject({ action: "push", reason: "unknown-layer" });
    const again = { ...chart(), created: "2030-01-01T00:00:00Z" };
    expect(await copyChart(again, store, { existing: "verify", tags: ["1.0.0"], checked: new Map([["1.0.0", checked]]) })).toMatchObject({
      status: "skipped",
      reason: "same-chart",
    });
    await expect(
      copyChart(chart("other"), store, { existing: "verify", tags: ["1.0.0"], checked: new Map([["1.0.0", checked]]) }),
    ).rejects.toMatchObject({
      code: "conflict",
    });
  });
});

const doubtful = (archive?: string): AssembledPackage => ({
  ...chart(archive),
  notes: [{ code: "provenance-doubtful", text: "taken as unsigned: https://charts.test/web-1.0.0.tgz.prov answers with status 403" }],
});

describe("overwriting", () => {
  it("replaces another chart, and writes nothing when it is the identical one", async () => {
    const store = await holding(chart());
    const checked = await checkExisting(store, { tag: "1.0.0", existing: "overwrite", listed: true });
    expect(
      await copyChart(chart(), store, { existing: "overwrite", tags: ["1.0.0"], checked: new Map([["1.0.0", checked]]) }),
    ).toMatchObject({ status: "skipped" });
    const outcome = await copyChart(chart("other"), store, {
      existing: "overwrite",
      tags: ["1.0.0"],
      checked: new Map([["1.0.0", checked]]),
    });
    expect(outcome.status).toBe("pushed");
    expect(store.tagged.get("1.0.0")).toBe(outcome.manifestDigest);
  });

  it.each([
    ["the same archive", "archive bytes"],
    ["another archive", "other"],
  ])("never gives up a provenance for an answer that may mean anything: %s", async (_what, archive) => {
    const store = await holding(chart("archive bytes", "signed"));
    const standing = store.tagged.get("1.0.0");
    const checked = await checkExisting(store, { tag: "1.0.0", existing: "overwrite", listed: true });
    for (const known of [undefined, new Map([["1.0.0", checked]])]) {
      const copy = copyChart(doubtful(archive), store, { existing: "overwrite", tags: ["1.0.0"], checked: known });
      await expect(copy).rejects.toMatchObject({
        code: "provenance-unavailable",
        message: expect.stringMatching(/charts\/web:1\.0\.0 has a provenance, .*: https:.*\.prov answers with status 403$/),
        hint: expect.stringContaining("--provenance skip"),
      });
    }
    expect(store.tagged.get("1.0.0")).toBe(standing);
  });

  it("replaces what has none by such a chart, and a signed one where the source plainly has none", async () => {
    const unsigned = await holding(chart());
    expect(await copyChart(doubtful("other"), unsigned, { existing: "overwrite", tags: ["1.0.0"] })).toMatchObject({ status: "pushed" });
    const signed = await holding(chart("archive bytes", "signed"));
    expect(await copyChart(chart(), signed, { existing: "overwrite", tags: ["1.0.0"] })).toMatchObject({ status: "pushed" });
  });

  it("leaves a container image alone, as verifying does", async () => {
    const store = createMemoryStore();
    const digest = digestOf(text("x"));
    const bytes = text({ schemaVersion: 2, config: { mediaType: mediaTypes.ociConfig, digest, size: 1 }, layers: [] });
    await store.putManifest("1.0.0", { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes });
    const check = checkExisting(store, { tag: "1.0.0", existing: "overwrite", listed: true });
    const error = { code: "not-a-chart", hint: expect.not.stringContaining("overwrite") };
    await expect(check).rejects.toMatchObject(error);
    await expect(checkExisting(store, { tag: "1.0.0", existing: "verify", listed: true })).rejects.toMatchObject({
      ...error,
      message: expect.stringContaining(
        "charts/web:1.0.0 is no Helm chart, but a container image (application/vnd.oci.image.config.v1+json)",
      ),
    });
  });
});
