import { describe, expect, it } from "vitest";

import { dockerHub } from "./docker-hub.ts";

describe("Docker Hub", () => {
  it.each(["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"])(
    "is %s, which stands for one API host and one login",
    (host) => {
      expect(dockerHub.detect(host)).toEqual({});
      const expected = { apiHost: "registry-1.docker.io", repository: "contoso/web", credentialKey: "https://index.docker.io/v1/" };
      expect(dockerHub.resolve?.(host, "contoso/web")).toEqual(expected);
    },
  );

  it.each([
    "docker.io.evil.example",
    "evil-docker.io",
    "registry-1.docker.io:8443",
    "hub.docker.com",
    "auth.docker.io",
    "xdocker.io",
    "docker.com",
  ])("is not %s, which keeps its own name and login", (host) => {
    expect(dockerHub.detect(host)).toBeUndefined();
    expect(dockerHub.resolve?.(host, "contoso/web")).toEqual({ apiHost: host, repository: "contoso/web", credentialKey: host });
  });

  const refused = {
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="x",error="insufficient_scope"' },
    text: "",
    errors: [],
    operation: "push blob",
  };

  it("refuses a right and not a password when it gives a token that does not suffice", () => {
    expect(dockerHub.mapError?.({ ...refused, signedIn: true })?.code).toBe("denied-or-missing");
    expect(dockerHub.mapError?.({ ...refused, signedIn: false })).toBeUndefined();
    expect(dockerHub.mapError?.({ ...refused, signedIn: true, headers: {} })).toBeUndefined();
  });
});
