import { describe, expect, it } from "vitest";

import { formatTarget, parseTarget } from "./parse-target.ts";

describe("parseTarget", () => {
  it.each([
    ["oci://host", { kind: "oci", registry: "host", namespace: "" }],
    ["oci://host:5000/a/b", { kind: "oci", registry: "host:5000", namespace: "a/b" }],
    ["oci-layout:./out dir", { kind: "oci-layout", directory: "./out dir" }],
  ])("reads %s and writes it back", (text, expected) => {
    const target = parseTarget(text);
    expect(target).toEqual(expected);
    expect(formatTarget(target)).toBe(text);
  });

  it("lets a trailing slash pass", () => {
    expect(parseTarget("oci://host/a/")).toEqual({ kind: "oci", registry: "host", namespace: "a" });
  });

  it.each([
    ["host/ns", "target-unsupported", "has no scheme"],
    ["localhost:5000/ns", "target-unsupported", "has no scheme"],
    ["s3://bucket", "target-unsupported", 'has the scheme "s3"'],
    ["https://user:secret@host/x", "target-unsupported", 'has the scheme "https"'],
    ["oci://host/ns:1.0.0", "reference-invalid", "no tag or digest"],
    ["oci://host/NS", "reference-invalid", "upper-case"],
    ["oci://user:secret@host/x", "reference-invalid", "user name or password"],
    ["oci://", "reference-invalid", "not a host"],
    ["oci-layout:", "reference-invalid", "names no directory"],
  ])("refuses %s as %s", (text, code, reason) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(reason) }));
    expect(() => parseTarget(text)).not.toThrow(expect.objectContaining({ message: expect.stringContaining("secret") }));
  });
});
