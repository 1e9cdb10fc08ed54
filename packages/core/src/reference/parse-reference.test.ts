import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isChartferryError } from "../errors.ts";
import { formatReference, parseReference } from "./parse-reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

function failure(text: string, version?: string): { code: string; message: string; hint: string | undefined } {
  try {
    parseReference(text, { version });
  } catch (error) {
    if (isChartferryError(error)) return { code: error.code, message: error.message, hint: error.hint };
  }
  throw new Error(`${text} was accepted`);
}

describe("parseReference", () => {
  it.each([
    ["oci://host/chart", { registry: "host", repository: "chart" }],
    ["oci://host:5000/a/b", { registry: "host:5000", repository: "a/b" }],
    ["oci://host/a/b:1.2.3", { registry: "host", repository: "a/b", tag: "1.2.3", version: "1.2.3" }],
    [`oci://[::1]:5000/a@${digest}`, { registry: "[::1]:5000", repository: "a", digest }],
    [`oci://host/a:1.0.0@${digest}`, { registry: "host", repository: "a", tag: "1.0.0", version: "1.0.0", digest }],
    ["oci://Registry.Example.com/a__b/c-d.e", { registry: "Registry.Example.com", repository: "a__b/c-d.e" }],
  ])("reads %s", (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    ["oci://h/c:1.0.0+b", undefined],
    ["oci://h/c:1.0.0_b", undefined],
    ["oci://h/c", "1.0.0+b"],
    ["oci://h/c", "1.0.0_b"],
    ["oci://h/c:1.0.0+b", "1.0.0+b"],
    ["oci://h/c:1.0.0_b", "1.0.0+b"],
  ])("understands a version with build metadata as %s and --version %s", (text, version) => {
    expect(parseReference(text, { version })).toEqual({ registry: "h", repository: "c", tag: "1.0.0_b", version: "1.0.0+b" });
  });

  it("takes what Helm's loose grammar calls a version as the tag itself, and leaves a range alone", () => {
    expect(parseReference("oci://h/c", { version: "v1" })).toMatchObject({ tag: "v1", version: "v1" });
    expect(parseReference("oci://h/c", { version: "^1.2" })).toEqual({ registry: "h", repository: "c", version: "^1.2" });
  });

  it.each([
    ["host/chart", undefined, /no scheme/],
    ["https://host/chart", undefined, /its scheme is "https"/],
    ["OCI://host/chart", undefined, /its scheme is "OCI"/],
    ["oci://host", undefined, /names no repository/],
    ["oci:///chart", undefined, /not a host/],
    ["oci://ho st/chart", undefined, /not a host/],
    ["oci://host:99999/chart", undefined, /not a host/],
    ["oci://host/c:bad tag", undefined, /is not a tag/],
    ["oci://host/c:", undefined, /is not a tag/],
    [`oci://host/c:${"1".repeat(129)}`, undefined, /is not a tag/],
    ["oci://host/c@sha256:abc", undefined, /is not a digest/],
    ["oci://host/c@", undefined, /is not a digest/],
    ["oci://host/c:1.0.0", "1.0.1", /tag "1.0.0" and the version "1.0.1" differ/],
  ])("refuses %s with version %s and says why", (text, version, reason) => {
    const { code, message, hint } = failure(text, version);
    expect(code).toBe("reference-invalid");
    expect(message).toMatch(reason);
    expect(hint).toBeTruthy();
  });

  it.each(["oci://user:secret@host/chart", "user:secret@host/chart", "https://user:secret@host/chart"])(
    "never repeats the password of %s",
    (text) => {
      expect(JSON.stringify(failure(text))).not.toContain("secret");
    },
  );

  it("says that a name may not have upper case, before any request", () => {
    expect(failure("oci://host/Charts/x")).toMatchObject({
      code: "reference-invalid",
      hint: "write it in lower case",
      message: expect.stringContaining('"Charts" has upper-case letters'),
    });
  });

  it("keeps control characters out of messages", () => {
    expect(failure("oci://host/c:\u001B[31m\u202E").message).not.toMatch(/\p{C}/u);
  });

  it("reads what it writes", () => {
    const part = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const reference = fc.record({
      registry: part,
      repository: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
    });
    fc.assert(
      fc.property(reference, fc.boolean(), fc.boolean(), (base, tagged, pinned) => {
        const full = { ...base, ...(tagged ? { tag: "1.0.0_b", version: "1.0.0+b" } : {}), ...(pinned ? { digest } : {}) };
        expect(parseReference(formatReference(full))).toEqual(full);
      }),
    );
  });

  const hostile = fc.string({ unit: fc.constantFrom(...Array.from("ab/:@.+_-[]% \0\n\u202E\u{1f600}\uD800A1")), maxLength: 40 });

  it("answers any text with a reference or one of its own errors", () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, prefixed) => {
        try {
          parseReference(prefixed ? `oci://${text}` : text);
        } catch (error) {
          expect(isChartferryError(error, "reference-invalid", "name-invalid")).toBe(true);
        }
      }),
    );
  });
});
