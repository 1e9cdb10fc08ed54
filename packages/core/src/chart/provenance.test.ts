import { describe, expect, it } from "vitest";

import { provenanceNotes, readProvenance } from "./provenance.ts";

const hex = "e5ef611620fb97704d8751c16bab17fedb68883bfb0edc76f78a70e9173f9b55";
const clearSigned = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

apiVersion: v1
description: A Helm chart for Kubernetes
name: signtest
version: 0.1.0

...
files:
  signtest-0.1.0.tgz: sha256:${hex}
-----BEGIN PGP SIGNATURE-----

wsBcBAEBCgAQBQJcoosfCRCEO7+YH8GHYgAA220=
=k9Y9
-----END PGP SIGNATURE-----`;

function read(text: string): ReadonlyMap<string, string> | undefined {
  return readProvenance(Buffer.from(text))?.files;
}

describe("readProvenance", () => {
  it("reads the files that a clear-signed text names", () => {
    expect(read(clearSigned)).toEqual(new Map([["signtest-0.1.0.tgz", hex]]));
  });

  it("takes Windows line ends, text in front, and dash-escaped lines", () => {
    const escaped = clearSigned.replace("files:", "- files:");
    expect(read(`preamble\r\n${escaped.replaceAll("\n", "\r\n")}\r\n`)).toEqual(new Map([["signtest-0.1.0.tgz", hex]]));
  });

  it.each([
    ["an HTML page", "<!doctype html><html>not found</html>"],
    ["an HTML page that talks about it", "<p>-----BEGIN PGP SIGNED MESSAGE-----</p>"],
    ["nothing", ""],
    ["a signature that is cut", clearSigned.slice(0, -20)],
    ["a signature alone", clearSigned.slice(clearSigned.indexOf("-----BEGIN PGP SIGNATURE"))],
    [
      "no blank line after the header",
      "-----BEGIN PGP SIGNED MESSAGE-----\nx\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----",
    ],
  ])("does not take %s for provenance", (_what, text) => {
    expect(read(text)).toBeUndefined();
  });

  it("takes a signed text without a list of files for provenance that names none", () => {
    expect(read(clearSigned.replace("\n...", ""))).toEqual(new Map());
    expect(read(clearSigned.replace("files:", "files: ["))).toEqual(new Map());
  });

  it("does not look at more than 5 MiB", () => {
    expect(read(" ".repeat(5 * 1024 * 1024 + 1) + clearSigned)).toBeUndefined();
  });
});

describe("provenanceNotes", () => {
  const provenance = { files: new Map([["signtest-0.1.0.tgz", hex]]) };

  it("has nothing to say where name and digest agree", () => {
    expect(provenanceNotes(provenance, { file: "signtest-0.1.0.tgz", digest: `sha256:${hex}` })).toEqual([]);
  });

  it("says that another file or other bytes were signed", () => {
    expect(provenanceNotes(provenance, { file: "other-0.1.0.tgz", digest: `sha256:${hex}` })).toEqual([
      expect.objectContaining({ code: "provenance-other-file", text: expect.stringContaining("signtest-0.1.0.tgz") }),
    ]);
    expect(provenanceNotes(provenance, { file: "signtest-0.1.0.tgz", digest: `sha256:${"0".repeat(64)}` })).toEqual([
      expect.objectContaining({ code: "provenance-other-digest" }),
    ]);
  });
});
