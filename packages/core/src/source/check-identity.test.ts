import { expect, it } from "vitest";

import { checkIdentity } from "./check-identity.ts";

it("an archive of another name than the key in the index is told by that key: the entry may name itself rightly", () => {
  expect(() => checkIdentity({ name: "gamma", version: "1.0.0" }, { chart: "gamma-key", version: "1.0.0" })).toThrow(
    expect.objectContaining({ code: "chart-invalid", message: "the archive has the name gamma, the key in the index is gamma-key" }),
  );
});

it.each([
  ["1", "1.0", "Quote the version"],
  ["1.1", "1.10", "Quote the version"],
  ["1", "2", "Correct the index"],
  ["1.0.0", "1.0.1", "Correct the index"],
])("a version that is %s in the archive and %s in the index says what to do: %s", (inside, version, hint) => {
  const check = (): unknown => checkIdentity({ name: "web", version: inside }, { chart: "web", version });
  expect(check).toThrow(expect.objectContaining({ code: "chart-invalid", hint: expect.stringContaining(hint) }));
});
