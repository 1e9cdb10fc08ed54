import { buildChartManifest, type StoredManifest } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createCreatedFrom } from "./created-from.ts";
import { createMapping, type MappingOptions } from "./mapping.ts";
import { contentOf, createFakeTarget, type FakeTarget } from "../testing/fake-target.ts";

function standing(text: string, created: string): StoredManifest {
  return buildChartManifest({ metadata: { apiVersion: "v2", name: "web", version: "1.0.0" }, layer: contentOf(text), created }).manifest;
}

async function ask(target: FakeTarget, version: string, options: MappingOptions = {}): Promise<string | undefined> {
  const createdFrom = createCreatedFrom({ connection: target.connection, namespace: "charts", mapping: createMapping(options) });
  return createdFrom({ chart: "web", version, layerDigest: contentOf("archive").digest });
}

describe("createCreatedFrom", () => {
  it("gives the text as it stands there, zone and all, at the price of one manifest", async () => {
    const target = createFakeTarget();
    target.tags.set("charts/web:1.0.0_b1", standing("archive", "2024-01-02T03:04:05.5+01:00"));
    expect(await ask(target, "1.0.0+b1")).toBe("2024-01-02T03:04:05.5+01:00");
    expect(target.calls).toMatchObject({ list: 0, resolve: 0, fetchManifest: 1 });
  });

  it("knows nothing of another archive, of what is no chart, and of what is not there", async () => {
    const target = createFakeTarget();
    target.tags.set("charts/web:1.0.0", standing("another archive", "2024-01-02T03:04:05Z"));
    const image = Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}');
    target.tags.set("charts/web:2.0.0", { mediaType: "application/vnd.oci.image.index.v1+json", digest: "sha256:1", bytes: image });
    expect([await ask(target, "1.0.0"), await ask(target, "2.0.0"), await ask(target, "3.0.0")]).toEqual([undefined, undefined, undefined]);
  });

  it.each(["", "yesterday", `2024-01-02T03:04:05.${"0".repeat(60)}Z`])("does not take over what is no time: %s", async (created) => {
    const target = createFakeTarget();
    target.tags.set("charts/web:1.0.0", standing("archive", created));
    expect(await ask(target, "1.0.0")).toBeUndefined();
  });

  it("fails for a name that the place does not take, rather than to go on with another time", async () => {
    const target = createFakeTarget();
    const connection = { ...target.connection, nameProblems: () => [{ text: "it takes no third element" }] };
    const createdFrom = createCreatedFrom({ connection, namespace: "charts", mapping: createMapping() });
    await expect(createdFrom({ chart: "web", version: "1.0.0", layerDigest: contentOf("archive").digest })).rejects.toMatchObject({
      code: "name-invalid",
      message: expect.stringContaining("it takes no third element"),
      hint: expect.stringContaining("--created-from"),
    });
  });

  it("looks where the run would put the chart, and where its own tag would be", async () => {
    const target = createFakeTarget();
    target.tags.set("charts/site:1.0.0", standing("archive", "2024-01-01T00:00:00Z"));
    target.tags.set("charts/web:v2.0.0", standing("archive", "2024-02-02T00:00:00Z"));
    expect(await ask(target, "v1.0.0", { vPrefix: "strip", renames: [{ from: "web", to: "site" }] })).toBe("2024-01-01T00:00:00Z");
    expect(await ask(target, "v2.0.0", { vPrefix: "strip" })).toBe("2024-02-02T00:00:00Z");
  });
});
