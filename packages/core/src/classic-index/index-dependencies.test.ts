import { expect, it } from "vitest";

import { readDependencies } from "./index-dependencies.ts";

it("keeps the dependencies that name a repository", () => {
  const list = [
    { name: "db", repository: "https://x.test", version: "1.x.x", condition: "db.enabled" },
    { name: "local", version: "1" },
    { name: "other", repository: "oci://x.test/charts" },
  ];
  expect(readDependencies(list)).toEqual([
    { name: "db", repository: "https://x.test" },
    { name: "other", repository: "oci://x.test/charts" },
  ]);
});

it.each([[undefined], [null], ["text"], [{ name: "db" }], [[null, "text", ["db"], { name: ["db"], repository: "https://x.test" }]]])(
  "passes over what is no list of dependencies: %j",
  (value) => expect(readDependencies(value)).toEqual([]),
);

it("keeps a bounded number of bounded texts, whatever the index holds", () => {
  const many = Array.from({ length: 1000 }, (_, number) => ({ name: `db-${number}`, repository: "https://x.test" }));
  expect(readDependencies(many)).toHaveLength(64);
  expect(readDependencies([{ name: "db", repository: `https://x.test/${"x".repeat(1000)}` }])).toEqual([]);
});
