import { describe, expect, it } from "vitest";

import { createFakeSource, type FakeSource } from "../testing/fake-source.ts";
import type { StoredChart } from "./spool-disk.ts";
import { createSpoolShelf, type SpoolShelf } from "./spool-shelf.ts";

const entry = { chart: "web", version: "1.0.0", urls: [], notes: [] };
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

interface World {
  readonly source: FakeSource;
  readonly shelf: SpoolShelf;
  /** Ends the writing to disk that is under way. */
  readonly written: (stored: StoredChart | undefined) => Promise<void>;
  readonly stored: () => number;
  /** What the disk keeps of a chart. */
  readonly onDisk: StoredChart;
  readonly freed: () => number;
  /** No lane waits for the chart any more. */
  readonly over: () => Promise<void>;
}

/** A shelf without room in memory, whose disk takes as long as the test wants. */
function world(): World {
  const source = createFakeSource([]);
  const writing: ((stored: StoredChart | undefined) => void)[] = [];
  let [stored, freed, awaited] = [0, 0, true];
  const shelf = createSpoolShelf({
    open: (asked) => source.open(asked),
    isAwaited: () => awaited,
    memoryBytes: 1,
    disk: {
      store: () => {
        stored++;
        return new Promise((resolve) => void writing.push(resolve));
      },
      notes: () => [],
      close: () => Promise.resolve(),
    },
  });
  return {
    source,
    shelf,
    written: (result) => {
      writing.shift()?.(result);
      return settled();
    },
    stored: () => stored,
    onDisk: { load: () => source.open(entry), free: () => void freed++ },
    freed: () => freed,
    over: () => {
      awaited = false;
      return shelf.usedUp(0);
    },
  };
}

describe("a chart that is being written to disk", () => {
  it("is written once, though a lane uses it meanwhile", async () => {
    const { shelf, written, stored, onDisk, source } = world();
    await shelf.take(0, entry);
    const first = shelf.giveBack(0);
    await settled();
    await shelf.take(0, entry);
    const second = shelf.giveBack(0);
    await settled();
    expect(stored()).toBe(1);
    await written(onDisk);
    await Promise.all([first, second]);
    expect([stored(), source.opened.length, source.held()]).toEqual([1, 1, 0]);
  });

  it("is not let go under the lane that uses it, where the disk turns out to have no room", async () => {
    const { shelf, written, source, over } = world();
    await shelf.take(0, entry);
    const first = shelf.giveBack(0);
    await settled();
    await shelf.take(0, entry);
    await written(undefined);
    await first;
    expect(source.held()).toBe(1);
    await over();
    expect(source.held()).toBe(1);
    await shelf.giveBack(0);
    expect([source.held(), source.opened.length]).toEqual([0, 1]);
  });

  it("is let go when that is done, where nobody waits for it any more: not before, and once", async () => {
    const { shelf, written, source, over, onDisk, freed } = world();
    await shelf.take(0, entry);
    const first = shelf.giveBack(0);
    await settled();
    await over();
    expect(source.held()).toBe(1);
    await written(onDisk);
    await first;
    expect([source.held(), freed()]).toEqual([0, 1]);
  });
});
