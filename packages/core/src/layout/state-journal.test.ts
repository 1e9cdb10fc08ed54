import { readdir } from "node:fs/promises";

import { afterEach, beforeEach, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createState, type LayoutChange, type LayoutState } from "./layout-state.ts";
import { openJournal, type JournalOptions, type StateJournal } from "./state-journal.ts";
import { blobOf, makeFolder, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

interface Started {
  readonly journal: StateJournal;
  readonly state: LayoutState;
}

/** A journal over an empty repository. */
function start(options: Partial<JournalOptions> = {}): Started {
  const state = createState({ entries: [], referrerLists: new Map(), foreign: [], annotations: undefined });
  const journal = openJournal({
    directory: folder.path,
    state,
    base: digestOf(Buffer.from("")),
    logs: [],
    durability: "none",
    clock: stillClock(),
    requireLock: () => Promise.resolve(),
    prepare: () => Promise.resolve(),
    ...options,
  });
  return { journal, state };
}

function putOf(name: string, more: { tags?: string[]; subject?: string } = {}): LayoutChange {
  const entry = { digest: blobOf(name).digest, mediaType: mediaTypes.ociManifest, size: 1 };
  const put = { op: "put", entry, tags: more.tags ?? [] } as const;
  return more.subject === undefined ? put : { ...put, subject: blobOf(more.subject).digest };
}

it("brings the referrer lists up to date at the end when a subject came in the middle of a fold", async () => {
  let prepared = 0;
  const { journal, state } = start({
    async prepare() {
      prepared += 1;
      state.staleLists.clear();
      if (prepared === 1) await journal.commit(putOf("second signature", { subject: "second chart" }));
    },
  });
  await journal.commit(putOf("first signature", { subject: "first chart" }));
  await journal.fold();
  expect([...state.staleLists]).toEqual([blobOf("second chart").digest]);
  await journal.close();
  expect([prepared, state.staleLists.size]).toEqual([2, 0]);
});

it("moves a tag back that stood there already when another change moves it away at the same moment", async () => {
  const { journal, state } = start();
  await journal.commit(putOf("first", { tags: ["1.0.0"] }));
  await Promise.all([journal.commit(putOf("second", { tags: ["1.0.0"] })), journal.commit(putOf("first", { tags: ["1.0.0"] }))]);
  expect(state.tags.get("1.0.0")).toBe(blobOf("first").digest);
  await journal.close();
});

it("is settled only once a fold that is under way has written index.json", async () => {
  const waiting: (() => void)[] = [];
  const asked: string[] = [];
  const { journal } = start({
    requireLock() {
      asked.push("lock");
      return asked.length === 1 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    },
  });
  await journal.commit(putOf("first"));
  const folding = journal.fold();
  await expect.poll(() => asked.length).toBe(2);
  let settled = false;
  const settling = journal.settle().then(() => (settled = true));
  await readdir(folder.path);
  expect(settled).toBe(false);
  for (const goOn of waiting) goOn();
  await Promise.all([folding, settling]);
  expect(await readdir(folder.path)).toEqual(["index.json"]);
  expect(asked).toEqual(["lock", "lock"]);
  await journal.close();
});
