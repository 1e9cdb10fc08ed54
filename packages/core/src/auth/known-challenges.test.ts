import { describe, expect, it } from "vitest";

import { createKnownChallenges } from "./known-challenges.ts";

const asking = (scope: string | undefined) => ({
  scheme: "bearer",
  parameters: { realm: "https://auth.example/token", ...(scope === undefined ? {} : { scope }) },
});

describe("what a registry has asked for", () => {
  it("in one repository is expected in the others, but for the scope, which speaks of that one", () => {
    const known = createKnownChallenges();
    known.remember("team/web", asking("repository:team/web:pull"));
    expect(known.for("team/web")).toEqual(asking("repository:team/web:pull"));
    expect(known.for("team/api")).toEqual(asking(undefined));
    expect(known.for(undefined)).toEqual(asking(undefined));
  });

  it("is expected elsewhere with its scope where that names no repository", () => {
    const known = createKnownChallenges();
    known.remember("team/web", asking("aws"));
    expect(known.for("team/api")).toEqual(asking("aws"));
  });

  it("first is what is expected of the host, and of each repository what it asked for last", () => {
    const known = createKnownChallenges();
    const own = { scheme: "bearer", parameters: { realm: "https://auth.example/of-api" } };
    known.remember("team/web", asking(undefined));
    known.remember("team/api", own);
    expect([known.for("team/api"), known.for("team/other")]).toEqual([own, asking(undefined)]);
  });
});
