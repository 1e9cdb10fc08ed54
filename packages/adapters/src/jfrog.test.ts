import { describe, expect, it } from "vitest";

import { jfrog } from "./index.ts";

describe("Artifactory's host names", () => {
  it.each([
    ["acme.jfrog.io", "acme"],
    ["acme-charts-oci.jfrog.io", "acme-charts-oci"],
    ["charts-oci.acme.jfrog.io", "charts-oci.acme"],
  ])("%s is one", (host, server) => {
    expect(jfrog.detect(host)).toEqual({ server });
  });

  it.each([
    "jfrog.io",
    "acme.jfrog.io.evil.example",
    "acmejfrog.io",
    "evil.example/acme.jfrog.io",
    "-.jfrog.io",
    ".jfrog.io",
    "acme.jfrog.io:8443",
  ])("%s is none", (host) => {
    expect(jfrog.detect(host)).toBeUndefined();
  });

  it.each([
    [true, { "x-jfrog-version": "Artifactory/7.90.9 79009900" }],
    [true, { "x-artifactory-id": "6d70dcfd451c8e98" }],
    [true, { server: "Artifactory/7.9.1 70901900" }],
    [false, { server: "nginx" }],
    [false, { server: "not Artifactory/7" }],
  ])("do not tell of a server of one's own, which its answers do (%s: %o)", (isArtifactory, headers) => {
    expect(jfrog.probe?.({ status: 401, headers, challenges: [] })).toBe(isArtifactory);
  });
});
