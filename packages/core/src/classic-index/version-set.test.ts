import { expect, it } from "vitest";

import { createVersionSet, rememberVersion } from "./version-set.ts";

it("knows a version again, and whether its digest was the same, after it has grown", () => {
  const set = createVersionSet();
  for (let number = 0; number < 20_000; number += 1) expect(rememberVersion(set, `web\n${number}`, `digest ${number}`)).toBe("new");
  for (let number = 0; number < 20_000; number += 7) {
    expect(rememberVersion(set, `web\n${number}`, `digest ${number}`)).toBe("same");
    expect(rememberVersion(set, `web\n${number}`, "other")).toBe("other");
  }
  expect(set.size).toBe(20_000);
});
