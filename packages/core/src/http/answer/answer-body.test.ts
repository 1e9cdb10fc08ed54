import { expect, it } from "vitest";

import { createBody } from "./answer-body.ts";

/** A body and what its connection was told. */
function bodyOn() {
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const body = createBody({ pause: tell("pause"), resume: tell("resume"), abort: tell("abort") });
  return { body, told };
}

const piece = (size: number): Uint8Array => new Uint8Array(size);

it("gives the pieces in their order, those that come after a reader began to wait too, and then the end", async () => {
  const { body } = bodyOn();
  body.push(piece(5000));
  body.push(piece(6000));
  expect([(await body.read())?.byteLength, (await body.read())?.byteLength]).toEqual([5000, 6000]);
  const third = body.read();
  body.push(piece(3));
  body.end();
  expect([(await third)?.byteLength, await body.read(), await body.read()]).toEqual([3, undefined, undefined]);
});

it("holds the connection back while more than 64 KiB wait, and lets it go on once they are read", async () => {
  const { body, told } = bodyOn();
  body.push(piece(64 * 1024));
  expect(told).toEqual([]);
  body.push(piece(1));
  expect(told).toEqual(["pause"]);
  await body.read();
  expect(told).toEqual(["pause"]);
  await body.read();
  expect(told).toEqual(["pause", "resume"]);
});

it("tells a reader what broke it off, also one that waits", async () => {
  const { body } = bodyOn();
  const waiting = body.read();
  body.fail(new Error("reset"));
  await expect(waiting).rejects.toThrow("reset");
  await expect(body.read()).rejects.toThrow("reset");
});

it("breaks off the connection of an answer that nobody wants, and leaves that of a complete one alone", async () => {
  const { body, told } = bodyOn();
  body.push(piece(1));
  body.abandon();
  expect([told, await body.read()]).toEqual([["abort"], undefined]);
  const complete = bodyOn();
  complete.body.end();
  complete.body.abandon();
  expect(complete.told).toEqual([]);
});

it("hands over small pieces that came together as one, so that nobody keeps each of them", async () => {
  const { body } = bodyOn();
  for (const byte of Buffer.from("a body in single bytes")) body.push(Uint8Array.of(byte));
  expect(Buffer.from((await body.read()) ?? []).toString()).toBe("a body in single bytes");
});
