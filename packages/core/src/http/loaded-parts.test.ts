import { createRequire } from "node:module";

import { expect, it } from "vitest";

import { createHttpClient } from "./create-http-client.ts";

const { cache } = createRequire(import.meta.url);

it("loads the parts of undici that every run needs, and not the rest of it, which costs each start its time", async () => {
  expect(createHttpClient).toBeTypeOf("function");
  await import("../index.ts");
  const loaded = Object.keys(cache).map((file) => file.replaceAll("\\", "/"));
  expect(loaded.filter((file) => file.endsWith("/undici/lib/dispatcher/pool.js"))).toHaveLength(1);
  expect(loaded.filter((file) => /\/undici\/(index\.js$|lib\/(web|cache|mock|api)\/)/.test(file))).toEqual([]);
});
