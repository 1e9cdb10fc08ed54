import { describe, expect, it } from "vitest";

import { chooseScopes, readsOnly } from "./scopes.ts";

describe("token scopes", () => {
  it.each([
    ["our own where the challenge has none", ["repository:a/b:pull,push"], undefined, ["repository:a/b:pull,push"]],
    [
      "our actions where the challenge names our repository",
      ["repository:a/b:pull,push"],
      "repository:a/b:pull",
      ["repository:a/b:pull,push"],
    ],
    ["the challenge's actions too", ["repository:a/b:pull"], "repository:a/b:pull,push", ["repository:a/b:pull,push"]],
    ["the challenge's name where it stripped a prefix", ["repository:key/a/b:pull"], "repository:a/b:pull", ["repository:a/b:pull"]],
    ["our own instead of a placeholder", ["repository:a/b:pull"], "repository:user/image:pull", ["repository:a/b:pull"]],
    ["a scope that is the registry's own", ["repository:alias/a:pull,push"], "aws", ["aws"]],
    [
      "no repository twice",
      ["repository:a:pull", "repository:a:push", "repository:b:pull"],
      undefined,
      ["repository:a:pull,push", "repository:b:pull"],
    ],
    ["the challenge's where we ask nothing", [], "registry:catalog:* repository:x:pull", ["registry:catalog:*", "repository:x:pull"]],
    ["nothing where nobody asks", [], undefined, []],
    ["no delete that we did not ask for", ["repository:a:pull"], "repository:a:delete,pull", ["repository:a:pull"]],
    ["the catalog", ["registry:catalog:*"], "registry:catalog:*", ["registry:catalog:*"]],
    ["names with a port", ["repository:host:5000/a:pull"], undefined, ["repository:host:5000/a:pull"]],
  ] as const)("asks for %s", (...[, wanted, challenge, expected]) => {
    expect(chooseScopes(wanted, challenge)).toEqual(expected);
  });

  it("knows what only reads", () => {
    expect([["repository:a:pull"], ["repository:a:pull,push"], ["repository:a:*"], []].map(readsOnly)).toEqual([true, false, false, true]);
  });
});
