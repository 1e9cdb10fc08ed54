import { describe, expect, it } from "vitest";

import { quay } from "./quay.ts";

const answer = (scheme: string, realm: string) => ({ status: 401, headers: {}, challenges: [{ scheme, parameters: { realm } }] });

describe("Quay", () => {
  it("is quay.io by its name", () => {
    expect(quay.detect("quay.io")).toEqual({});
    for (const host of ["quay.io.evil.example", "xquay.io", "cdn01.quay.io", "quay.io:8443", "quay.example"])
      expect(quay.detect(host)).toBeUndefined();
  });

  it("is known elsewhere by the token service that it names", () => {
    expect(quay.probe?.(answer("bearer", "https://quay.harbour.example/v2/auth"))).toBe(true);
    expect(quay.probe?.(answer("bearer", "https://harbour.example/v2/token"))).toBe(false);
    expect(quay.probe?.(answer("bearer", "https://harbour.example/?/v2/auth"))).toBe(false);
    expect(quay.probe?.(answer("basic", "https://quay.harbour.example/v2/auth"))).toBe(false);
    expect(quay.probe?.(answer("bearer", "quay"))).toBe(false);
  });

  it("refuses a right and not a password, once somebody has signed in", () => {
    const view = { status: 401, headers: {}, text: "", errors: [], operation: "list tags" };
    expect(quay.mapError?.({ ...view, signedIn: true })?.code).toBe("denied-or-missing");
    expect(quay.mapError?.({ ...view, signedIn: false })).toBeUndefined();
    expect(quay.mapError?.({ ...view, signedIn: true, operation: "sign in" })).toBeUndefined();
  });
});
