import { gzipSync } from "node:zlib";

import { afterEach, expect, it, vi } from "vitest";

import { gunzip } from "./gunzip.ts";

const large = Buffer.from(Array.from({ length: 200_000 }, (_none, place) => `line ${place}\n`).join(""));

afterEach(() => {
  vi.restoreAllMocks();
});

async function inflated(input: Uint8Array): Promise<{ readonly pieces: Buffer[]; readonly problem: string | undefined }> {
  const pieces: Buffer[] = [];
  const { problem } = await gunzip(input, (bytes) => pieces.push(bytes) > 0);
  return { pieces, problem };
}

it("makes an archive in one piece of the size that its end declares, which takes its memory once", async () => {
  const archive = gzipSync(large);
  const join = vi.spyOn(Buffer, "concat");
  const { pieces, problem } = await inflated(archive);
  expect(problem).toBeUndefined();
  expect(join).not.toHaveBeenCalled();
  expect(pieces.map((piece) => piece.equals(large))).toEqual([true]);
});

it("reads an archive whole whose end declares too little, since another member follows, or too much", async () => {
  const followed = await inflated(Buffer.concat([gzipSync(large), gzipSync("end")]));
  expect(followed.problem).toBeUndefined();
  expect(Buffer.concat(followed.pieces).toString()).toBe(`${large.toString()}end`);

  const boastful = gzipSync(large);
  boastful.writeUInt32LE(0xffff_ffff, boastful.byteLength - 4);
  const { pieces, problem } = await inflated(boastful);
  expect(problem).toContain("checksum");
  expect(Buffer.concat(pieces).equals(large)).toBe(true);
});
