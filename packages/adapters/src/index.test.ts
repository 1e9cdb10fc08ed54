import { readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { adapters } from "./index.ts";

const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "index.ts")
  .map((name) => name.slice(0, -".ts".length));

describe("the list of adapters", () => {
  it("names every adapter file once, by its own id", () => {
    expect(new Set(adapters.map(({ id }) => id))).toEqual(new Set(files));
    expect(adapters).toHaveLength(files.length);
  });

  it("ends with the adapter that refuses nothing", () => {
    expect(adapters.at(-1)?.id).toBe("generic");
  });

  it.each(adapters.map((adapter) => [adapter.id, adapter] as const))("%s says in words why it lacks what it lacks", (_id, adapter) => {
    for (const answer of Object.values(adapter.capabilities)) {
      expect(answer === true || answer === "probe" || answer.split(" ").length >= 5).toBe(true);
    }
  });
});
