import { createHash } from "node:crypto";
import { access, readdir, readFile } from "node:fs/promises";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { blobPath } from "./blob-files.ts";
import { finishUpload } from "./finish-upload.ts";
import { openLayoutTree, type LayoutTree } from "./layout-tree.ts";
import type { UploadSession } from "./upload-session.ts";
import { appendToUpload, beginUpload, cancelUpload, findUpload } from "./upload-sessions.ts";
import { blobOf, makeFolder, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let tree: LayoutTree;
beforeEach(async () => {
  folder = await makeFolder();
  tree = await openLayoutTree(folder.path, { clock: stillClock(), limits: { maxBlobBytes: 100 } });
});
afterEach(async () => {
  await tree.close();
  await folder.remove();
});

async function* bodyOf(...chunks: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** Runs once nobody is at the upload any more, before anybody else can. */
function atRelease<T>(session: UploadSession, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let busy = false;
    Object.defineProperty(session, "busy", {
      get: () => busy,
      set(value: boolean) {
        const isReleased = busy && !value;
        busy = value;
        if (isReleased) run().then(resolve, reject);
      },
    });
  });
}

describe("uploads", () => {
  it("refuse a blob above the limit also when it comes whole", async () => {
    const { digest } = blobOf("x".repeat(101));
    const repository = await tree.openRepository("web");
    const session = await beginUpload(tree.uploads, "web");
    const body = { chunks: bodyOf("x".repeat(101)), declaredSize: 101, digest, repository };
    await expect(finishUpload(tree.uploads, session, body)).rejects.toMatchObject({ code: "too-large" });
    const fits = { chunks: bodyOf("x".repeat(100)), declaredSize: 100, digest: blobOf("x".repeat(100)).digest, repository };
    await finishUpload(tree.uploads, session, fits);
  });

  it("are not ended while a request adds to them, and count nothing once they are", async () => {
    const { uploads } = tree;
    const session = await beginUpload(uploads, "web");
    let goOn: (() => void) | undefined;
    const paused = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      yield Buffer.from("first");
      await paused;
      yield Buffer.from("second");
    }
    const adding = appendToUpload(uploads, session, { chunks: slow(), declaredSize: undefined });
    await expect.poll(() => session.size).toBe(5);
    await expect(cancelUpload(uploads, session)).rejects.toMatchObject({ code: "conflict" });
    goOn?.();
    await adding;
    await cancelUpload(uploads, session);
    expect([uploads.pendingBytes, await readdir(uploads.context.scratch)]).toEqual([0, []]);
  });

  it("take nothing for an upload that ended since it was found", async () => {
    const session = await beginUpload(tree.uploads, "web");
    await cancelUpload(tree.uploads, session);
    const late = appendToUpload(tree.uploads, session, { chunks: bodyOf("late"), declaredSize: 4 });
    await expect(late).rejects.toMatchObject({ code: "upload-lost" });
    expect(tree.uploads.pendingBytes).toBe(0);
  });

  it("leave no file of an empty upload that was cancelled", async () => {
    const { uploads } = tree;
    const repository = await tree.openRepository("web");
    const session = await beginUpload(uploads, "web");
    const wrong = { chunks: bodyOf(), declaredSize: undefined, digest: blobOf("not empty").digest, repository };
    await expect(finishUpload(uploads, session, wrong)).rejects.toMatchObject({ code: "digest-mismatch" });
    await access(`${uploads.context.scratch}/${session.id}`);
    await cancelUpload(uploads, session);
    expect(await readdir(uploads.context.scratch)).toEqual([]);
  });

  it("are over at the moment in which they are free again after the last chunk", async () => {
    const { uploads } = tree;
    const repository = await tree.openRepository("web");
    const session = await beginUpload(uploads, "web");
    const late = atRelease(session, () => appendToUpload(uploads, session, { chunks: bodyOf("late"), declaredSize: 4 }));
    await finishUpload(uploads, session, { chunks: bodyOf("all"), declaredSize: undefined, digest: blobOf("all").digest, repository });
    await expect(late).rejects.toMatchObject({ code: "upload-lost" });
    expect([uploads.pendingBytes, await readdir(uploads.context.scratch)]).toEqual([0, []]);
  });

  it("are checked by the digest they end with, also where they were begun with another algorithm", async () => {
    const repository = await tree.openRepository("web");
    const text = "first and second";
    const digest = `sha512:${createHash("sha512").update(text).digest("hex")}`;
    const session = await beginUpload(tree.uploads, "web", "sha256");
    await appendToUpload(tree.uploads, session, { chunks: bodyOf("first"), declaredSize: 5 });
    await finishUpload(tree.uploads, session, { chunks: bodyOf(" and second"), declaredSize: 11, digest, repository });
    expect(await readFile(blobPath(repository.directory, digest), "utf8")).toBe(text);
  });

  it("may be ended twice", async () => {
    const session = await beginUpload(tree.uploads, "web");
    await cancelUpload(tree.uploads, session);
    await cancelUpload(tree.uploads, session);
  });

  it("leave no file when they are ended after a restart", async () => {
    const session = await beginUpload(tree.uploads, "web");
    await appendToUpload(tree.uploads, session, { chunks: bodyOf("first"), declaredSize: 5 });
    await tree.close();
    tree = await openLayoutTree(folder.path);
    const { uploads } = tree;
    await cancelUpload(uploads, findUpload(uploads, "web", session.id));
    expect([uploads.pendingBytes, await readdir(uploads.context.scratch)]).toEqual([0, []]);
  });
});

describe("uploads that were never sent a byte", () => {
  beforeEach(async () => {
    await tree.close();
    tree = await openLayoutTree(folder.path, { clock: stillClock(), limits: { maxSessions: 1 } });
    const session = await beginUpload(tree.uploads, "web");
    const wrong = { chunks: bodyOf(), declaredSize: undefined, digest: blobOf("not empty").digest };
    const finishing = finishUpload(tree.uploads, session, { ...wrong, repository: await tree.openRepository("web") });
    await expect(finishing).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("make room with all that lies on disk of them", async () => {
    await beginUpload(tree.uploads, "web");
    expect(await readdir(tree.uploads.context.scratch)).toEqual([]);
  });

  it("make room for one, also when two ask at a time", async () => {
    await Promise.all([beginUpload(tree.uploads, "web"), beginUpload(tree.uploads, "web")]);
    expect(tree.uploads.sessions.size).toBe(1);
  });
});
