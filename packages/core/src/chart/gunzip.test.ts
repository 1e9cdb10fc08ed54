import { crc32, gzipSync } from "node:zlib";

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

async function* streamed(input: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(input);
}

const refuse = (): never => {
  throw new Error("too many members");
};

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

/** A small piece may lie in Node's own pool, which has a little more than 64 KiB in Node 26. */
const smallRoom = 128 * 1024;

it("gives others their turn between members, makes no large room for each of them, and counts them", async () => {
  const members = 200;
  const zeros = gzipSync(Buffer.alloc(8_000_000));
  const input = Buffer.concat([...Array.from({ length: members }, () => gzipSync("x")), zeros]);
  let turns = 0;
  let ended = false;
  const turn = (): void => {
    turns++;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  const rooms: number[] = [];
  let told = 0;
  const { problem } = await gunzip(
    input,
    (bytes) => rooms.push(bytes.buffer.byteLength) > 0,
    () => told++,
  );
  ended = true;
  expect([problem, told]).toEqual([undefined, members]);
  expect(turns).toBeGreaterThanOrEqual(members - 1);
  // The last one is 8 MB of zeros; the first may have been given room by the word at the end.
  expect(rooms.slice(1, members).filter((room) => room > smallRoom)).toEqual([]);
});

it("ends at a member that is one too many, of an archive in memory and of one that streams", async () => {
  const input = Buffer.concat(Array.from({ length: 5 }, () => gzipSync("")));
  await expect(gunzip(input, () => true, refuse)).rejects.toThrow("too many members");
  await expect(gunzip(streamed(input), () => true, refuse)).rejects.toThrow("too many members");
});

it("makes no more room for a declared size than so little input can fill", async () => {
  const boastful = gzipSync("x");
  boastful.writeUInt32LE(8_000_000, boastful.byteLength - 4);
  const { pieces } = await inflated(boastful);
  expect(pieces.map((piece) => piece.toString())).toEqual(["x"]);
  expect(pieces[0]?.buffer.byteLength).toBeLessThanOrEqual(smallRoom);
});

/** With the checksum that its header announces. */
function withHeaderChecksum(archive: Buffer, change: number): Buffer {
  const header = Buffer.from(archive.subarray(0, 10));
  header[3] = 2;
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(((crc32(header) & 0xffff) + change) & 0xffff);
  return Buffer.concat([header, checksum, archive.subarray(10)]);
}

it("tells a wrong checksum of a header, which Go refuses, and inflates all the same", async () => {
  for (const [change, problem] of [
    [0, undefined],
    [1, "the checksum of its gzip header is wrong"],
  ] as const) {
    const archive = withHeaderChecksum(gzipSync("text"), change);
    for (const input of [archive, streamed(archive), Buffer.concat([gzipSync(""), archive])]) {
      const pieces: Buffer[] = [];
      const end = await gunzip(input, (bytes) => pieces.push(bytes) > 0);
      expect([Buffer.concat(pieces).toString(), end]).toEqual(["text", problem === undefined ? {} : { problem }]);
    }
  }
});
