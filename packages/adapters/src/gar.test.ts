import { describe, expect, it } from "vitest";

import { gar } from "./gar.ts";

describe("the hosts of Artifact Registry", () => {
  it.each([
    ["europe-west1-docker.pkg.dev", { kind: "pkg", location: "europe-west1" }],
    ["northamerica-northeast2-docker.pkg.dev", { kind: "pkg", location: "northamerica-northeast2" }],
    ["us-docker.pkg.dev", { kind: "pkg", location: "us" }],
    ["docker.europe-west3.rep.pkg.dev", { kind: "pkg", location: "europe-west3" }],
    ["docker.s3nsregistry.fr", { kind: "pkg" }],
    ["gcr.io", { kind: "gcr", location: "us" }],
    ["eu.gcr.io", { kind: "gcr", location: "europe" }],
    ["staging-k8s.gcr.io", { kind: "gcr" }],
  ])("%s is one", (host, match) => {
    expect(gar.detect(host)).toEqual(match);
  });

  it.each([
    "pkg.dev",
    "docker.pkg.dev",
    "-docker.pkg.dev",
    "europe-west1-docker.pkg.dev.evil.example",
    "evil.europe-west1-docker.pkg.dev",
    "europe-west1-npm.pkg.dev",
    "evilgcr.io",
    "gcr.io.evil.example",
    "gcr.io:5000",
    "docker.evil.example.rep.pkg.dev",
    "docker.s3nsregistry.fr.evil.example",
  ])("%s is none", (host) => {
    expect(gar.detect(host)).toBeUndefined();
  });
});
