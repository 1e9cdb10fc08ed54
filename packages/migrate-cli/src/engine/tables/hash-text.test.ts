import { expect, it, vi } from "vitest";

import { hashText } from "./hash-text.ts";

it("a hash is the same within a run, and another in the next", async () => {
  expect(hashText("web\n1.0.0")).toBe(hashText("web\n1.0.0"));
  vi.resetModules();
  const next = await import("./hash-text.ts");
  expect(next.hashText("web\n1.0.0")).not.toBe(hashText("web\n1.0.0"));
});

it("a hash uses all 53 bits that a number holds exactly", () => {
  const hashes = Array.from({ length: 2000 }, (_, index) => hashText(`web\n1.0.${index}`));
  expect(hashes.every((hash) => Number.isSafeInteger(hash))).toBe(true);
  for (let bit = 0; bit < 53; bit++) expect(new Set(hashes.map((hash) => Math.floor(hash / 2 ** bit) % 2)).size).toBe(2);
});
