import { describe, expect, it } from "vitest";

import { parseChallenges, preferredChallenge } from "./parse-challenges.ts";

describe("challenges", () => {
  it.each([
    ['Basic realm="x"', [["basic", { realm: "x" }]]],
    ["BASIC REALM=x", [["basic", { realm: "x" }]]],
    [
      'bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"',
      [["bearer", { realm: "https://a/t", service: "s", scope: "repository:a/b:pull,push" }]],
    ],
    ['Bearer realm="https://gcr.io/v2/token",service=gcr.io', [["bearer", { realm: "https://gcr.io/v2/token", service: "gcr.io" }]]],
    ["Bearer realm=https://a.example/token?x=1,service=a", [["bearer", { realm: "https://a.example/token?x=1", service: "a" }]]],
    [
      'Bearer realm="r", Basic realm="b"',
      [
        ["bearer", { realm: "r" }],
        ["basic", { realm: "b" }],
      ],
    ],
    [
      'Basic realm="b",Bearer realm="r",error="invalid_token"',
      [
        ["basic", { realm: "b" }],
        ["bearer", { realm: "r", error: "invalid_token" }],
      ],
    ],
    ['Basic realm="a \\"quoted\\", \\\\ value"', [["basic", { realm: 'a "quoted", \\ value' }]]],
    [
      "Negotiate, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      "Negotiate YII+/abc==, Basic realm=x",
      [
        ["negotiate", { token68: "YII+/abc==" }],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      'Digest qop="auth,auth-int", nonce=abc, Bearer realm = "r" , scope = s',
      [
        ["digest", { qop: "auth,auth-int", nonce: "abc" }],
        ["bearer", { realm: "r", scope: "s" }],
      ],
    ],
    ['Basic realm="first",realm="second"', [["basic", { realm: "first" }]]],
    ['Basic realm=""', [["basic", { realm: "" }]]],
    ['Basic realm="never closed', [["basic", { realm: "never closed" }]]],
    [",, , Basic,,", [["basic", {}]]],
    ["", []],
    ["= = ,", []],
  ] as const)("reads %s", (header, expected) => {
    expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, { ...parameters }])).toEqual(expected);
  });

  it("pollutes no prototype and stays quick on hostile headers", () => {
    expect(parseChallenges('Bearer __proto__="x",constructor="y",realm="r"')[0]?.parameters).toEqual({ realm: "r" });
    const started = performance.now();
    for (const piece of ["a=", '"\\', "Basic ", "=,", "a ,"]) expect(parseChallenges(piece.repeat(40_000)).length).toBeLessThanOrEqual(32);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it.each([
    ['Basic realm="b", Bearer realm="https://a/t"', "bearer"],
    ['Bearer realm="Registry"', "bearer"],
    ['Bearer realm="Registry", Basic realm="b"', "basic"],
    ["Bearer", "bearer"],
    ['Digest realm="d"', undefined],
    ["Negotiate, NTLM", undefined],
    ["", undefined],
  ])("answers %s with %s", (header, scheme) => {
    expect(preferredChallenge(parseChallenges(header))?.scheme).toBe(scheme);
  });
});
