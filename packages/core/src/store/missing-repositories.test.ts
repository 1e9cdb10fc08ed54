import { describe, expect, it } from "vitest";

import type { ConnectOptions, RegistryAdapter } from "../adapter/registry-adapter.ts";
import { plainAdapter } from "../adapter/testing/plain-adapter.ts";
import { systemClock } from "../clock.ts";
import { bytesContent } from "../content.ts";
import { ChartferryError, type ErrorCode } from "../errors.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import type { ChartStore } from "./chart-store.ts";
import { missingRepositories, newRepository } from "./missing-repositories.ts";
import { createMemoryStore, type MemoryStore } from "./testing/memory-store.ts";

const origin = new URL("https://registry.example");
const blob = bytesContent(new TextEncoder().encode("chart"));

interface Place {
  readonly store: ChartStore;
  readonly memory: MemoryStore;
  readonly asked: string[];
}

/** A repository that is missing until the adapter has made it. */
function place(options: Partial<ConnectOptions>, hooks: Partial<RegistryAdapter> = {}, code: ErrorCode = "repository-missing"): Place {
  const asked: string[] = [];
  const adapter = plainAdapter("strict", {
    ensureRepository: (repository) => {
      asked.push(repository);
      return Promise.resolve("created");
    },
    ...hooks,
  });
  const http = createHttpClient({ origin });
  const context = {
    http,
    origin,
    registry: origin.host,
    match: {},
    environment: {},
    clock: systemClock,
    options: {},
    credential: () => Promise.reject(new Error("nobody signs in here")),
  };
  const all: ConnectOptions = { end: "target", registry: origin.host, environment: {}, ...options };
  const memory = createMemoryStore();
  memory.before = () => {
    if (asked.length === 0) throw new ChartferryError("it is not there", { code, operation: "push blob", hint: "make it" });
  };
  return { store: missingRepositories({ adapter, options: all, context })("charts/web", memory), memory, asked };
}

describe("a repository that must exist", () => {
  it("is made once for all who find it missing, and what they asked is asked again", async () => {
    const { store, memory, asked } = place({ createRepositories: "if-missing" });
    const tags: string[] = [];
    await Promise.all([
      store.putBlob(blob),
      store.resolve("1.0.0"),
      (async () => {
        for await (const tag of store.tags()) tags.push(tag);
      })(),
    ]);
    expect(asked).toEqual(["charts/web"]);
    expect([memory.blobs.has(blob.digest), tags]).toEqual([true, []]);
  });

  it("is empty to who only looks where a push would make it, and missing to him where none would", async () => {
    const looking = place({ createRepositories: "if-missing", readOnly: true }, {}, "namespace-missing");
    const tags: string[] = [];
    for await (const tag of looking.store.tags()) tags.push(tag);
    const seen = [
      await looking.store.resolve("1.0.0"),
      await looking.store.fetchManifest("1.0.0"),
      await looking.store.findBlob(blob.digest),
    ];
    expect([...seen, tags, looking.asked]).toEqual([undefined, undefined, undefined, [], []]);
    for (const other of [place({ readOnly: true }), place({ createRepositories: "if-missing", readOnly: true }, {}, "denied")])
      await expect(other.store.resolve("1.0.0")).rejects.toMatchObject({ operation: "push blob" });
  });

  it("is left alone unless the user says otherwise: the failure names the option beside the registry's own way", async () => {
    const { store, asked } = place({});
    await expect(store.putBlob(blob)).rejects.toMatchObject({
      code: "repository-missing",
      hint: "make it; or let it be created with --create-repositories if-missing",
    });
    expect(asked).toEqual([]);
  });

  it("is never made by who only looks, nor at a source", async () => {
    for (const only of [{ readOnly: true }, { end: "source" as const }]) {
      const { store, asked } = place({ createRepositories: "if-missing", ...only });
      await expect(store.putBlob(blob)).rejects.toMatchObject({ code: "repository-missing", hint: "make it" });
      expect(asked).toEqual([]);
    }
  });

  it("gives its own failure where it cannot be made, once for all, and again only where that may pass", async () => {
    for (const [retryable, attempts] of [
      [false, 1],
      [true, 2],
    ] as const) {
      let count = 0;
      const ensureRepository = (): Promise<never> => {
        count += 1;
        return Promise.reject(new ChartferryError("no right", { code: "denied", operation: "create repository", retryable }));
      };
      const { store } = place({ createRepositories: "if-missing" }, { ensureRepository });
      for (const _ of [1, 2]) await expect(store.putBlob(blob)).rejects.toMatchObject({ code: "denied", operation: "create repository" });
      expect(count).toBe(attempts);
    }
  });

  it("may hide behind a refusal, where the adapter says so: what is there refuses for another reason", async () => {
    const hidden = { missingCodes: ["denied-or-missing"] as const };
    const made = place({ createRepositories: "if-missing" }, hidden, "denied-or-missing");
    await made.store.putBlob(blob);
    expect(made.asked).toEqual(["charts/web"]);
    const there = place({ createRepositories: "if-missing" }, { ...hidden, ensureRepository: isThere }, "denied-or-missing");
    await expect(there.store.putBlob(blob)).rejects.toMatchObject({ code: "denied-or-missing", message: "it is not there" });
    const plain = place({ createRepositories: "if-missing" }, {}, "denied-or-missing");
    await expect(plain.store.putBlob(blob)).rejects.toMatchObject({ code: "denied-or-missing" });
    expect(plain.asked).toEqual([]);
  });
});

const isThere = (): Promise<"exists"> => Promise.resolve("exists");

const said = (options: Partial<ConnectOptions>, adapter: RegistryAdapter): unknown =>
  newRepository({ adapter, options: { end: "target", registry: origin.host, environment: {}, ...options } });

describe("what a plan says of a repository that is not there", () => {
  const note = { code: "repository-missing", text: "it must exist", hint: "make it" };
  const adapter = plainAdapter("strict", { ensureRepository: () => Promise.resolve("created") });
  const traits = { ...adapter.traits, newRepository: note };

  it("names the option, or that it will be made", () => {
    expect(said({}, { ...adapter, traits })).toEqual({
      ...note,
      hint: "make it; or let it be created with --create-repositories if-missing",
    });
    expect(said({ createRepositories: "if-missing" }, { ...adapter, traits })).toMatchObject({ code: "repository-created" });
    const createdRepository = { code: "repository-becomes-public", text: "everybody will read it" };
    expect(said({ createRepositories: "if-missing" }, { ...adapter, traits: { ...traits, createdRepository } })).toEqual(createdRepository);
  });

  it("is the registry's own word where nothing can be made, and nothing where it has none", () => {
    expect(said({ createRepositories: "if-missing" }, plainAdapter("fixed", { traits }))).toBe(note);
    expect(said({}, adapter)).toBeUndefined();
  });
});
