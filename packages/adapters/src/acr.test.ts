import { describe, expect, it } from "vitest";

import { acr } from "./acr.ts";

describe("the hosts of Azure Container Registry", () => {
  it.each([
    ["contoso.azurecr.io", { name: "contoso", cloud: "io" }],
    ["contoso-a1b2c3.azurecr.io", { name: "contoso-a1b2c3", cloud: "io" }],
    ["contoso.azurecr.cn", { name: "contoso", cloud: "cn" }],
    ["contoso.azurecr.us", { name: "contoso", cloud: "us" }],
    ["contoso.azurecr.de", { name: "contoso", cloud: "de" }],
    ["contoso.westeurope.geo.azurecr.io", { name: "contoso", cloud: "io", region: "westeurope" }],
  ])("%s is one", (host, match) => {
    expect(acr.detect(host)).toEqual(match);
  });

  it.each([
    "azurecr.io",
    "abcd.azurecr.io",
    "contoso.azurecr.io.evil.example",
    "evil.example/contoso.azurecr.io",
    "contoso.evil.azurecr.io",
    "contoso.westeurope.data.azurecr.io",
    "contoso.azurecr.io:5000",
    "contosoXazurecr.io",
    "-contoso.azurecr.io",
    "mcr.microsoft.com",
  ])("%s is none", (host) => {
    expect(acr.detect(host)).toBeUndefined();
  });
});

describe("a lock", () => {
  const errors = [{ code: "REGISTRY_DISALLOWED_OPERATION", message: "The operation is disallowed", detail: undefined }];
  const view = { status: 405, headers: {}, text: "", errors, repository: "charts/web" };

  it("is told by its code, as what it keeps from being done", () => {
    expect(acr.mapError?.({ ...view, operation: "push manifest" })).toMatchObject({
      code: "tag-immutable",
      hint: expect.stringContaining("charts/web"),
    });
    expect(acr.mapError?.({ ...view, operation: "push blob" })?.code).toBe("read-only");
    expect(acr.mapError?.({ ...view, errors: [], operation: "push manifest" })).toBeUndefined();
  });
});
