import { describe, expect, it } from "vitest";

import { ghcr } from "./ghcr.ts";

describe("GHCR", () => {
  it.each([
    ["ghcr.io", "https://api.github.com"],
    ["containers.contoso.ghe.com", "https://api.contoso.ghe.com"],
  ])("is %s", (host, api) => expect(ghcr.detect(host)).toMatchObject({ api }));

  it.each([
    "ghcr.io.evil.example",
    "xghcr.io",
    "ghcr.io:443",
    "containers.evil.example",
    "containers.a.b.ghe.com",
    "containers.contoso.ghe.com.evil.example",
    "github.com",
  ])("is not %s", (host) => expect(ghcr.detect(host)).toBeUndefined());

  it.each([
    [403, "denied", "sign in", true, "unauthenticated"],
    [403, "requested access to the resource is denied", "sign in", false, "denied-or-missing"],
    [403, "requested access to the resource is denied", "sign in", true, undefined],
    [403, "permission_denied: write_package", "push blob", true, "denied"],
    [401, "denied", "sign in", true, undefined],
  ] as const)("means by %s %s (%s, signed in: %s) %s", (...[status, message, operation, signedIn, code]) => {
    const view = { status, headers: {}, text: message, errors: [{ code: "DENIED", message, detail: undefined }], operation, signedIn };
    expect(ghcr.mapError?.(view)?.code).toBe(code);
  });
});
