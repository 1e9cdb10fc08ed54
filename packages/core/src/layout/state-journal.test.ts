import { mkdir } from "node:fs/promises";

import { afterEach, beforeEach, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createState } from "./layout-state.ts";
import { openJournal } from "./state-journal.ts";
import { blobOf, makeFolder, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

it("brings the referrer lists up to date at the end when a subject came in the middle of a fold", async () => {
  await mkdir(folder.path, { recursive: true });
  const state = createState({ entries: [], referrerLists: new Map(), foreign: [], annotations: undefined });
  const put = (name: string, subject: string) => {
    const entry = { digest: blobOf(name).digest, mediaType: mediaTypes.ociManifest, size: 1 };
    return journal.commit({ op: "put", entry, tags: [], subject: blobOf(subject).digest });
  };
  let prepared = 0;
  const journal = openJournal({
    directory: folder.path,
    state,
    base: digestOf(Buffer.from("")),
    logs: [],
    durability: "none",
    clock: stillClock(),
    requireLock: () => Promise.resolve(),
    async prepare() {
      prepared += 1;
      state.staleLists.clear();
      if (prepared === 1) await put("second signature", "second chart");
    },
  });
  await put("first signature", "first chart");
  await journal.fold();
  expect([...state.staleLists]).toEqual([blobOf("second chart").digest]);
  await journal.close();
  expect([prepared, state.staleLists.size]).toEqual([2, 0]);
});
