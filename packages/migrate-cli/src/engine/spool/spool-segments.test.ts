import { expect, it } from "vitest";

import { createSpoolSegments, type Place, type SpoolSegments } from "./spool-segments.ts";

/** Files that open when they are told to. */
function heldFiles() {
  const waiting: (() => void)[] = [];
  const segments = createSpoolSegments({
    diskBytes: 200,
    segmentBytes: 100,
    mayOpen: () => new Promise((done) => waiting.push(() => done(true))),
  });
  const open = async (): Promise<void> => {
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()?.();
  };
  return { segments, open };
}

async function placeIn(segments: SpoolSegments, bytes: number): Promise<Place> {
  const place = await segments.findPlace(bytes);
  if (place === undefined) throw new Error("there is no room");
  return place;
}

it("gives the disk back that a file took whose charts all left while the next one was opened", async () => {
  const { segments, open } = heldFiles();
  for (let round = 0; round < 3; round++) {
    const finding = placeIn(segments, 80);
    if (round === 0) await open();
    const first = await finding;
    const next = placeIn(segments, 80);
    first.leave();
    await open();
    const second = await next;
    expect(second.file).not.toBe(first.file);
    second.leave();
  }
  await segments.close();
});
