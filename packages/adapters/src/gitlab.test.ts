import { describe, expect, it } from "vitest";

import { gitlab } from "./gitlab.ts";

const bearer = (realm: string, service: string) => ({
  status: 401,
  headers: {},
  challenges: [{ scheme: "bearer", parameters: { realm, service } }],
});

describe("GitLab", () => {
  it("is registry.gitlab.com by its name", () => {
    expect(gitlab.detect("registry.gitlab.com")).toEqual({});
    for (const host of ["registry.gitlab.com.evil.example", "xregistry.gitlab.com", "gitlab.com", "registry-gitlab.com"])
      expect(gitlab.detect(host)).toBeUndefined();
  });

  it("is known elsewhere by the token service that it names", () => {
    expect(gitlab.probe?.(bearer("https://gitlab.harbour.example/jwt/auth", "container_registry"))).toBe(true);
    expect(gitlab.probe?.(bearer("https://harbour.example/gitlab/jwt/auth", "container_registry"))).toBe(true);
    expect(gitlab.probe?.(bearer("https://gitlab.harbour.example/jwt/auth", "registry"))).toBe(false);
    expect(gitlab.probe?.(bearer("https://auth.example/?x=/jwt/auth", "container_registry"))).toBe(false);
    expect(gitlab.probe?.(bearer("/jwt/auth", "container_registry"))).toBe(false);
  });
});
