import { readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { adapters, distribution } from "./index.ts";

const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "index.ts")
  .map((name) => name.slice(0, -".ts".length));

describe("Distribution", () => {
  const view = { status: 405, headers: { allow: "GET, HEAD" }, text: "Method not allowed", errors: [], operation: "push blob" };

  it("is read-only when it takes no upload and says which methods it does take", () => {
    expect(distribution.mapError?.(view)?.code).toBe("read-only");
    expect(distribution.mapError?.({ ...view, operation: "delete tag" })).toBeUndefined();
    expect(distribution.mapError?.({ ...view, headers: {} })).toBeUndefined();
  });
});

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
