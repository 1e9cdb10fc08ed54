import { type ChartStore, digestOf } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createFakeTarget } from "../testing/fake-target.ts";
import { auditBlobs } from "./audit-blobs.ts";

const part = (text: string, bytes: number) => ({ mediaType: "", digest: digestOf(Buffer.from(text)), size: bytes });

describe("metadata that no chart has so many of", () => {
  it.each([
    [8 * 1024 * 1024 + 1, 0],
    [8 * 1024 * 1024, 1],
  ])("are not read into memory: %i bytes", async (size, reads) => {
    let asked = 0;
    const fake = await createFakeTarget().connection.openStore("charts/web");
    const store: ChartStore = {
      ...fake,
      fetchBlob: (...call) => {
        asked++;
        return fake.fetchBlob(...call);
      },
      findBlob: () => Promise.resolve({ size: 7 }),
    };
    const entry = { chart: "web", version: "1.0.0", urls: [], notes: [] };
    const found = await auditBlobs({ store, entry }, { config: part("config", size), layer: part("archive", 7), legacy: false });
    expect([found?.finding, asked]).toEqual(["config-differs", reads]);
  });
});
