import { describe, expect, it } from "vitest";

import { manualClock } from "../http/testing/manual-clock.ts";
import type { Credential, CredentialProvider } from "./credential.ts";
import { createCredentialMemory } from "./credential-memory.ts";

const start = Date.UTC(2024, 0, 1);
const place = { repository: "team/web", reads: false };

function basic(password: string, minutes: number): Credential {
  return { kind: "basic", username: "me", password, source: password, expiresAt: start + minutes * 60_000 };
}

/** A memory whose provider gives these answers in their order, and the clock that makes them expire. */
function memoryOf(...answers: (Credential | Error)[]) {
  const clock = manualClock(start);
  let asked = 0;
  const provider: CredentialProvider = async () => {
    const answer = answers[asked];
    asked += 1;
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("asked too often");
    return answer;
  };
  const memory = createCredentialMemory({ provider, key: "registry.example", clock });
  return { memory, clock, asked: () => asked };
}

describe("the credential of a repository", () => {
  it("is renewed once for all who come meanwhile", async () => {
    const { memory, clock, asked } = memoryOf(basic("first", 5), basic("second", 60));
    await memory.current(place);
    clock.advance(10 * 60_000);
    const found = await Promise.all([memory.current(place), memory.current(place), memory.current(place)]);
    expect(found.map(({ source }) => source)).toEqual(["second", "second", "second"]);
    expect(asked()).toBe(2);
  });

  it("is asked for again after a renewal that failed", async () => {
    const { memory, clock } = memoryOf(basic("first", 5), new Error("the helper is locked"), basic("third", 60));
    await memory.current(place);
    clock.advance(10 * 60_000);
    await expect(memory.current(place)).rejects.toThrow("the helper is locked");
    expect(await memory.current(place)).toMatchObject({ source: "third" });
  });

  it("is asked for again after looking for another one failed", async () => {
    const { memory } = memoryOf(basic("first", 60), new Error("the helper is locked"), basic("third", 60));
    const refused = await memory.current(place);
    await expect(memory.next(place, refused)).rejects.toThrow("the helper is locked");
    expect(await memory.current(place)).toMatchObject({ source: "third" });
  });

  it("stays when it is refused and there is no other: the next push is refused for what it is, not sent as nobody's", async () => {
    const { memory, asked } = memoryOf(basic("only", 60), { kind: "anonymous", source: "none" });
    const refused = await memory.current(place);
    expect(await memory.next(place, refused)).toBe(undefined);
    expect(await memory.current(place)).toMatchObject({ source: "only" });
    expect(await memory.next(place, refused)).toBe(undefined);
    expect(asked()).toBe(2);
  });

  it("gives way to nobody's rights where something is only read", async () => {
    const { memory } = memoryOf(basic("only", 60), { kind: "anonymous", source: "none" });
    const reading = { ...place, reads: true };
    expect(await memory.next(reading, await memory.current(reading))).toMatchObject({ kind: "anonymous" });
    expect(await memory.current(reading)).toMatchObject({ kind: "anonymous" });
  });
});
