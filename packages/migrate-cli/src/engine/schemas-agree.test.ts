import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import type { Schema } from "./testing/check-schema.ts";

function schema(name: string): Schema {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`${name}.schema.json`, import.meta.url)), "utf8"));
}

/** What lies at a path of keys. */
function at(root: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined), root);
}

const shared = [
  ...["hosts", "run"].map((name) => ["properties", name]),
  ...["entries", "excluded", "excludedBy", "problems"].map((name) => ["properties", "totals", "properties", name]),
  ...["note", "count", "digest"].map((name) => ["$defs", name]),
];

it.each(["plan/plan", "verify/verify"])("what %s.schema.json says of a run is what the report's says, but for the command", (file) => {
  const text = JSON.stringify(schema(file)).replace(/"command":\{"enum":\["\w+"\]\}/, '"command":{"enum":["migrate","push","publish"]}');
  const document: unknown = JSON.parse(text);
  for (const path of shared) {
    expect(at(document, ...path), path.join(".")).toEqual(at(schema("keep/report"), ...path));
    expect(at(document, ...path), path.join(".")).toBeDefined();
  }
});
