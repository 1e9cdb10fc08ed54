import { createWriteStream, existsSync } from "node:fs";
import { PassThrough } from "node:stream";

import { expect, it } from "vitest";

import { watchOutput } from "./watch-output.ts";

const failure = (code: string): Error => Object.assign(new Error(`${code}: write`), { code });

/** Lets stdout fail twice, as its writes do one after the other; what stood on stderr then, and how often the loss was told. */
function lose(code: string): { text: string; lost: number } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let lost = 0;
  watchOutput({ stdout, stderr }, () => lost++);
  for (let times = 0; times < 2; times++) stdout.emit("error", failure(code));
  return { text: String(stderr.read() ?? ""), lost };
}

it("tells once, in one line, that stdout takes no more", () => {
  expect(lose("ENOSPC")).toEqual({ text: "error: cannot write to stdout: ENOSPC: write [disk-full]\n", lost: 1 });
});

it.skipIf(!existsSync("/dev/full"))("tells of a full disk (skipped where there is no /dev/full)", async () => {
  const [stdout, stderr] = [createWriteStream("/dev/full"), new PassThrough()];
  let lost = 0;
  watchOutput({ stdout, stderr }, () => lost++);
  const closed = new Promise<void>((resolve) => stdout.once("close", resolve));
  stdout.write("data");
  await closed;
  expect(String(stderr.read())).toMatch(/^error: cannot write to stdout: ENOSPC.*\n$/);
  expect(lost).toBe(1);
});

it("is silent where the reader went away", () => {
  expect(lose("EPIPE")).toEqual({ text: "", lost: 0 });
});

it("goes on where stderr fails", () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  watchOutput({ stdout, stderr }, () => expect.unreachable("stdout is well"));
  expect(stderr.emit("error", failure("ENOSPC"))).toBe(true);
});
