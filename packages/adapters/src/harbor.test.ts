import { describe, expect, it } from "vitest";

import { adapters, harbor } from "./index.ts";

const probed = (parameters: Readonly<Record<string, string>>): boolean | undefined =>
  harbor.probe?.({ status: 401, headers: {}, challenges: [{ scheme: "bearer", parameters }] });

describe("Harbor", () => {
  it.each([
    [true, { realm: "https://harbor.example.org/service/token", service: "harbor-registry" }],
    [true, { realm: "https://gate.example.org/harbor/service/token", service: "harbor-registry" }],
    [false, { realm: "https://harbor.example.org/service/token", service: "registry" }],
    [false, { realm: "https://harbor.example.org/service/token/", service: "harbor-registry" }],
    [false, { service: "harbor-registry" }],
  ])("is (%s) what challenges with %o", (isHarbor, parameters) => {
    expect(probed(parameters)).toBe(isHarbor);
  });

  it("is asked before those who know it by less", () => {
    const order = adapters.map(({ id }) => id);
    expect(order.indexOf("harbor")).toBeLessThan(order.indexOf("distribution"));
  });

  it("takes an empty challenge for a missing project, and none at all for nothing", () => {
    const view = {
      status: 401,
      headers: { "www-authenticate": "" },
      text: "",
      errors: [],
      operation: "resolve tag",
      repository: "charts/web",
    };
    expect(harbor.mapError?.(view)).toMatchObject({ code: "namespace-missing", hint: "create the project charts in Harbor" });
    expect(harbor.mapError?.({ ...view, headers: {} })).toBeUndefined();
  });
});
