import { createHash } from "node:crypto";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { BlobContent } from "../content.ts";
import type { Digest } from "../digest.ts";
import { finishUpload } from "./finish-upload.ts";
import { storeBlob } from "./layout-store.ts";
import { openLayoutTree, type LayoutTree } from "./layout-tree.ts";
import type { LayoutRepository } from "./layout-repository.ts";
import { storeManifest } from "./manifest-files.ts";
import type { FileCounts } from "./testing/counting-files.ts";
import { chartOf, makeFolder, manifestOf, stillClock } from "./testing/layout-fixture.ts";
import { beginUpload } from "./upload-sessions.ts";

const counts = vi.hoisted((): FileCounts & { steps: string[] } => ({ calls: {}, bytes: 0, open: 0, steps: [] }));
vi.mock(import("node:fs/promises"), async (original) => {
  const { countingFiles } = await import("./testing/counting-files.ts");
  return countingFiles(await original(), counts);
});

let folder: Awaited<ReturnType<typeof makeFolder>>;
let tree: LayoutTree;
let web: LayoutRepository;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  await tree.close();
  await folder.remove();
});

/** A repository that has a version already, so that folders and log stand. */
async function openWeb(durability: "fsync" | "none"): Promise<void> {
  tree = await openLayoutTree(folder.path, { durability, clock: stillClock() });
  web = await tree.openRepository("web");
  const { config, layer, manifest } = chartOf("0.1.0");
  for (const blob of [config, layer]) await storeBlob(web, blob);
  await storeManifest(web, manifest, { tags: ["0.1.0"] });
  counts.steps.length = 0;
}

/** The steps so far, with names that tell what a path is. */
function steps(names: Readonly<Record<string, Digest>>): string[] {
  const named = Object.entries(names).map(([name, digest]) => [digest.replace(":", "/"), name] as const);
  const taken = counts.steps.splice(0).map((step) => {
    let text = step.replaceAll(`${folder.path}/`, "").replaceAll(/\.chartferry\/uploads\/\S+/gu, "aside");
    for (const [path, name] of named) text = text.replace(`web/blobs/${path}`, name);
    return text;
  });
  return taken.filter((step) => !step.startsWith("rm aside"));
}

async function* bodyOf(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(text);
}

async function upload(text: string, digest: Digest, declaredSize?: number): Promise<void> {
  const session = await beginUpload(tree.uploads, "web");
  await finishUpload(tree.uploads, session, { chunks: bodyOf(text), declaredSize, digest, repository: web });
}

const { config, layer, manifest } = chartOf("1.0.0");
const ways: [string, () => Promise<void>][] = [
  ["whole", () => storeBlob(web, layer)],
  ["as a stream", () => storeBlob(web, streamed(layer))],
  ["as an upload in one go", () => upload("layer of 1.0.0", layer.digest, layer.size)],
  ["as an upload of unknown length", () => upload("layer of 1.0.0", layer.digest)],
];

function streamed(content: BlobContent): BlobContent {
  return { digest: content.digest, size: content.size, open: (signal) => content.open(signal) };
}

describe("what makes a version durable before it is acknowledged", () => {
  it.each(ways)("is that a blob that comes %s is made durable before it gets its name", async (_how, store) => {
    await openWeb("fsync");
    await store();
    const taken = steps({ layer: layer.digest });
    expect(taken.slice(-3)).toEqual(["write aside", "sync aside", "rename aside layer"]);
  });

  it("is that the manifest and all names that it needs are durable before the log names it, and then the log is", async () => {
    await openWeb("fsync");
    const long = `sha512:${createHash("sha512").update("long").digest("hex")}`;
    const descriptor = { mediaType: "text/plain", digest: long, size: 4 };
    const needing = manifestOf({ ...JSON.parse(Buffer.from(manifest.bytes).toString()), layers: [descriptor] });
    await storeBlob(web, config);
    await upload("long", long);
    counts.steps.length = 0;
    await storeManifest(web, needing, { tags: ["1.0.0"] });
    expect(steps({ manifest: needing.digest })).toEqual([
      "write aside",
      "sync aside",
      "rename aside manifest",
      "sync web/blobs/sha256",
      "sync web/blobs/sha512",
      "write web/.chartferry-log-1",
      "datasync web/.chartferry-log-1",
    ]);
  });

  it("is, for an index.json, that its bytes are durable before its name is, and then the logs go", async () => {
    await openWeb("fsync");
    await web.journal?.fold();
    const taken = steps({}).map((step) => step.replace(/\.chartferry-tmp-index\.json-\S+/u, "index aside"));
    expect(taken).toEqual([
      "write web/index aside",
      "sync web/index aside",
      "rename web/index aside web/index.json",
      "sync web",
      "rm web/.chartferry-log-1",
    ]);
  });

  it("is nothing with durability none", async () => {
    await openWeb("none");
    for (const [, store] of ways) await store();
    await storeBlob(web, config);
    await storeManifest(web, manifest, { tags: ["1.0.0"] });
    await web.journal?.fold();
    expect(steps({}).filter((step) => step.includes("sync"))).toEqual([]);
  });
});
