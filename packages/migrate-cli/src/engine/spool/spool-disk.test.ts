import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type AssembledPackage, bytesContent, type BlobContent } from "@chartferry/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createSpoolDisk, type SpoolDisk, type StoredChart } from "./spool-disk.ts";

const plenty = { freeBytes: () => Promise.resolve(Infinity) };
const always = () => true;
const never = () => false;

function chart(number: number, layer: BlobContent = bytesContent(Buffer.alloc(10_000, number))): AssembledPackage {
  const metadata = {
    apiVersion: "v2",
    name: "web",
    version: `1.0.${number}`,
    annotations: { "a/b": "ü" },
    dependencies: [{ name: "x", repository: "" }],
  };
  return {
    kind: "assemble",
    layer,
    metadata,
    created: "2021-01-01T00:00:00Z",
    notes: [{ code: "leading-v", text: "it has one" }],
    release: () => Promise.resolve(),
  };
}

async function stored(disk: SpoolDisk, opened: AssembledPackage): Promise<StoredChart> {
  const kept = await disk.store(opened);
  if (kept === undefined) throw new Error("there is no room");
  return kept;
}

async function bytesOf(content: BlobContent): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Files of the temporary folder that are open, though they have no name there. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((name) => pathOf(name).startsWith(folder)).length;
}

function pathOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The one that the folder itself was read with is closed by now.
    return "";
  }
}

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chartferry-test-"));
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("createSpoolDisk", () => {
  it("gives back what it was given, and its files have no name", async () => {
    const disk = createSpoolDisk({ diskBytes: 1e6, ...plenty });
    const provenance = bytesContent(Buffer.from("signed"));
    const given = { ...chart(1), provenance, signedFiles: ["web-1.0.1.tgz"] };
    const kept = await stored(disk, given);
    expect(readdirSync(folder)).toEqual([]);
    const loaded = await kept.load(always);
    if (loaded.kind !== "assemble" || loaded.provenance === undefined) throw new Error("something is missing");
    const { layer, provenance: signature } = loaded;
    const { kind, metadata, created, notes, signedFiles } = given;
    expect(loaded).toMatchObject({ kind, metadata, created, notes, signedFiles });
    expect(loaded.metadata).toEqual(metadata);
    expect(layer).toMatchObject({ digest: given.layer.digest, size: 10_000, bytes: given.layer.bytes });
    expect(signature).toMatchObject({ digest: provenance.digest, bytes: provenance.bytes });
    await disk.close();
  });

  it("reads an archive while it is sent where there is no memory for it", async () => {
    const disk = createSpoolDisk({ diskBytes: 1e7, ...plenty });
    const bytes = Buffer.alloc(1_000_000, "abc");
    const { bytes: _bytes, ...inFile } = bytesContent(bytes);
    const kept = await Promise.all([stored(disk, chart(1)), stored(disk, chart(2, inFile)), stored(disk, chart(3))]);
    const loaded = await kept[1].load(never);
    if (loaded.kind !== "assemble") throw new Error("another kind");
    expect([loaded.layer.bytes, loaded.layer.size]).toEqual([undefined, 1_000_000]);
    expect((await bytesOf(loaded.layer)).equals(bytes)).toBe(true);
    expect((await kept[1].load(always)).kind === "assemble").toBe(true);
    await disk.close();
  });

  it("takes no more than its cap, and again as much once that is free", async () => {
    const disk = createSpoolDisk({ diskBytes: 55_000, segmentBytes: 25_000, ...plenty });
    for (let round = 0; round < 3; round++) {
      const kept = await Promise.all(Array.from({ length: 8 }, (_none, number) => disk.store(chart(number))));
      const there = kept.filter((one) => one !== undefined);
      // Each takes some 10,300 bytes; two go into a file.
      expect(there).toHaveLength(5);
      for (const one of there) one.free();
    }
    expect(disk.notes()).toEqual([]);
    await disk.close();
  });

  it("closes a file as soon as none of its charts is needed, and all at the end", async () => {
    const disk = createSpoolDisk({ diskBytes: 1e9, segmentBytes: 25_000, ...plenty });
    const kept: StoredChart[] = [];
    for (let number = 0; number < 20; number++) kept.push(await stored(disk, chart(number)));
    expect(openFiles()).toBe(10);
    for (const one of kept.slice(0, 10)) one.free();
    await vi.waitFor(() => expect(openFiles()).toBe(5));
    await disk.close();
    expect(openFiles()).toBe(0);
  });

  it("leaves no file open that was on its way when it was closed", async () => {
    const tell: ((bytes: number) => void)[] = [];
    const disk = createSpoolDisk({ diskBytes: 1e9, freeBytes: () => new Promise((told) => tell.push(told)) });
    const storing = disk.store(chart(1));
    await disk.close();
    tell[0]?.(Infinity);
    expect(await storing).toBeUndefined();
    expect(openFiles()).toBe(0);
  });

  it("puts nothing where there is little room left for others", async () => {
    const disk = createSpoolDisk({ diskBytes: 1e9, freeBytes: () => Promise.resolve(100 * 1024 ** 2) });
    expect(await disk.store(chart(1))).toBeUndefined();
    expect(disk.notes()).toEqual([]);
    await disk.close();
  });

  it("takes nothing more once a write failed, has lost what was in that file, and says so", async () => {
    const disk = createSpoolDisk({ diskBytes: 1e9, ...plenty });
    const kept = await stored(disk, chart(1));
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const breaking: BlobContent = {
      digest: bytesContent(Buffer.from("x")).digest,
      size: 1,
      open: async function* () {
        yield Buffer.from("");
        throw full;
      },
    };
    expect(await disk.store(chart(2, breaking))).toBeUndefined();
    await expect(kept.load(always)).rejects.toMatchObject({ code: "file-missing" });
    expect(await disk.store(chart(3))).toBeUndefined();
    expect(disk.notes()).toEqual([{ code: "spool-unwritable", text: expect.stringContaining("ENOSPC") }]);
    kept.free();
    await disk.close();
  });
});
