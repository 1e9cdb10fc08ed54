import { createHash } from "node:crypto";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { float32Text } from "./float-text.ts";
import { compareUtf8, goJson, goString } from "./go-json.ts";
import { isLooseVersion, versionForm } from "./loose-version.ts";
import { checkYamlMap, parseYaml } from "./parse-yaml.ts";
import { sanitise } from "./sanitise.ts";
import { resolvePlain } from "./yaml-scalar.ts";

describe("float32Text", () => {
  it.each([
    [1.1, "1.1"],
    [72551e2, "7.2551e+06"],
    [20231015.1, "2.0231016e+07"],
    [1.2345678901, "1.2345679"],
    [1e40, "+Inf"],
    [-0, "-0"],
    [100_000, "100000"],
    [1_000_000, "1e+06"],
    [0.0001, "0.0001"],
    [0.000_01, "1e-05"],
    // Halfway between two decimals: the even one, but the upper at a power of two.
    [2_097_152.2097152, "2.0971522e+06"],
    [324_770.12355, "324770.12"],
    [0.000_244_140_625, "0.00024414063"],
    [1.401298464324817e-45, "1e-45"],
  ])("%d is %s, as Go writes it", (value, text) => {
    expect(float32Text(value)).toBe(text);
  });

  it("identifies every 32-bit float with at most nine digits", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(Number(float32Text(value)))).toBe(value);
        expect(
          float32Text(value)
            .replace(/e.*$/, "")
            .replaceAll(/[-.]|^0\.0*/g, "")
            .replace(/^0+/, "").length,
        ).toBeLessThanOrEqual(9);
      }),
    );
  });
});

describe("Go's JSON", () => {
  it("escapes what Go escapes", () => {
    expect(goString('<&>\u2028\u2029"\\/\b\f\n\r\t\u0001\u007Fé\u{1f600}\uD800')).toBe(
      String.raw`"\u003c\u0026\u003e\u2028\u2029\"\\/\b\f\n\r\t\u0001` + '\u007Fé\u{1f600}\u{fffd}"',
    );
  });

  it("reads back as what was written", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(goJson(value))).toEqual(value);
      }),
    );
  });

  it("sorts keys by their UTF-8 bytes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "\u007F", "\u0080", "\uD7FF", "\uE000", "\uFFFF", "\u{10000}", "\u{10FFFF}") }),
        fc.string({ unit: fc.constantFrom("a", "\uE000", "\u{10000}") }),
        (a, b) => {
          expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
        },
      ),
    );
  });
});

describe("sanitise", () => {
  it("turns every space into one kind and drops what cannot be seen", () => {
    expect(sanitise("a\tb\nc\u00A0d\u3000e\u0007f\u202Eg\u200Dh\u00ADi\uFEFFj\uE000k\u0301\u{1f600}")).toBe(
      "a b c d efghijk\u0301\u{1f600}",
    );
  });

  it("drops what Go's Unicode does not know, whatever the running Node's knows", () => {
    // Unicode 15.1, 16 and 17; then one of 15.
    expect(sanitise("tired \u{1fae9} \u{2ebf0}\u{1f6d8}\u2ffc\u{1fae8} chart")).toBe("tired  \u{1fae8} chart");
  });

  it("gives for all of Unicode what Go gives", () => {
    let all = "";
    for (let code = 0; code < 0x110000; code += 1) if (code < 0xd800 || code > 0xdfff) all += String.fromCodePoint(code);
    // Of IsSpace and IsPrint of Go 1.26.8 for the same text.
    expect(createHash("sha256").update(sanitise(all)).digest("hex")).toBe(
      "94f87a19563916bbca0c1d31ec7897ce6db2f13bffdf11749697df693027e717",
    );
  });

  it("leaves its own result alone", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => sanitise(sanitise(text)) === sanitise(text)));
  });
});

describe("scalars of YAML 1.1 as goyaml reads them", () => {
  it.each([
    ["y", true],
    ["OFF", false],
    ["tRue", "tRue"],
    ["010", 8n],
    ["0o17", 15n],
    ["08", 8],
    ["1_000", 1000n],
    ["0b11", 3n],
    ["-0x1F", -31n],
    ["18446744073709551615", 18_446_744_073_709_551_615n],
    ["+18446744073709551615", 18_446_744_073_709_552_000],
    ["1e3", 1000],
    ["1e400", "1e400"],
    [".5", 0.5],
    ["._5", "._5"],
    ["1:30", "1:30"],
    ["2020-01-02", "2020-01-02"],
    ["~", null],
    ["", null],
    ["0x", "0x"],
  ])("%s is %s", (text, value) => {
    expect(resolvePlain(text)).toBe(value);
  });
});

describe("parseYaml", () => {
  it("reads the first document only", () => {
    expect(parseYaml("a: b\n---\n[")).toEqual(new Map([["a", "b"]]));
    expect(parseYaml("# x\n--- \na: b\n...\n[")).toEqual(new Map([["a", "b"]]));
  });

  it.each(["a: [", "a: *b", "? {a: b}\n: c", "~: a", "a: &a [*a]", "<<: 1", "!!int x", "a: !!binary '='"])("refuses %j", (text) => {
    expect(() => parseYaml(text)).toThrow(Error);
  });

  it("gives up or gives a result on any text, and never hangs", () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("ab:-[]{}?&*!|>'\"#%@\n \t,1.~<=\\")), maxLength: 60 });
    fc.assert(
      fc.property(text, (yaml) => {
        for (const read of [parseYaml, checkYamlMap]) {
          try {
            read(yaml);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            expect(error).not.toBeInstanceOf(TypeError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("versions", () => {
  it.each(["1", "1.2", "v1.2.3", "01.2.3", "1.2.3-rc.1+b.007", "1.0.0--", "18446744073709551615.0.0"])("Helm takes %s", (version) => {
    expect(isLooseVersion(version)).toBe(true);
  });

  it.each([
    "",
    "latest",
    "1.2.3.4",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3+",
    "V1.0.0",
    " 1.0.0",
    "1.0.0\n",
    "18446744073709551616",
    "1".repeat(257),
  ])("Helm does not take %j", (version) => {
    expect(isLooseVersion(version)).toBe(false);
  });

  it.each([
    ["1.2.3-a+b", "strict"],
    ["v1.2.3", "leading-v"],
    ["1.2-rc", "two-part-version"],
    ["01.2.3", "loose-version"],
  ])("%s is %s", (version, form) => {
    expect(versionForm(version)).toBe(form);
  });
});
