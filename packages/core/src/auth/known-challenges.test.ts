import { describe, expect, it } from "vitest";

import type { Challenge } from "./challenge.ts";
import { createKnownChallenges } from "./known-challenges.ts";

const bearer = (realm: string, scope: string): Challenge => ({ scheme: "bearer", parameters: { realm, service: "registry", scope } });

describe("what a registry asks for", () => {
  it("is taken for the same at other repositories, but for the scope", () => {
    const known = createKnownChallenges();
    known.remember("charts/web", bearer("https://auth.example/token", "repository:charts/web:pull"));
    expect(known.for("charts/db")).toEqual({ scheme: "bearer", parameters: { realm: "https://auth.example/token", service: "registry" } });
    expect(known.for("charts/web")?.parameters["scope"]).toBe("repository:charts/web:pull");
  });

  it("is that one's own where its realm names where the repository lies", () => {
    const known = createKnownChallenges();
    const own = bearer("https://acme.example/artifactory/api/docker/charts-oci/v2/token", "repository:web:pull");
    known.remember("charts-oci/web", own);
    expect([known.for("charts-oci/web"), known.for("more-oci/web"), known.for(undefined)]).toEqual([own, undefined, undefined]);
  });
});
