import { array, assert, constantFrom, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";

import type { Complaints } from "./decode-value.ts";
import { checkYamlMap } from "./parse-yaml.ts";
import { isPlainMap } from "./plain-yaml.ts";

/** What stands in the way of the text as a map of values, if anything does. */
function fault(text: string): string | undefined {
  const complaints: Complaints = [];
  try {
    checkYamlMap(text, complaints);
  } catch (error) {
    return error instanceof Error ? error.message : "not YAML";
  }
  return complaints[0];
}

const values = `---
# Default values
replicaCount: 1
image: {repository: "app", tag: ""}
nodeSelector: {}   # none
args: [a, 'b c', "d"]
"quoted key": -1.5

resources:
  # indented
  limits:
    memory: 128Mi
  list:
  - name: port
    value: "8080:80"
    env:
    - a
    -   b
  -
    c: http://host:80/path, and more
  - |
    # text
      more

    end
empty:
  {}
none: ~
command: --port=$(PORT) <name> */5 # 5
tolerations:
- key: x
  script: >-
    one
    two
last:
`;

/** As they may stand behind a key, for better or worse. */
const scalars = [
  ["a", "-1", "- a", "a: b", "a:b", "a:", "'q'", "'q' r", '"s"', '"\\/"', "a # b", "a #", "#b", "a#b", "a: #b", "a - b", "a, b", "a "],
  ["{}", "{a: b, c: 'd'}", "{a: b", "[a, b]", "[a, ]", "[a: b]", "{a}", "{null: a}", "{a:  b ,c: d}", "[ 'x' , y ]", "a{b}c", "{a}b"],
  ["|", ">-", "|2", "&x", "*x", "!!int a", "%c", "@d", "`e`", ".nan", "1.inf", ".inf", "~", "~a", "a\tb", "...", "---", "=", "é", "\u2028"],
  ["a\\/b", "a?b", "$(a)", "<b>", "<<", "--c", "-", "?", "? a", "a ? b", "a & b", "a 'b", '"a" b', "(a", "a\u00a0: b", "a\u00a0#b"],
].flat();

describe("isPlainMap", () => {
  it.each([values, "", "# nothing\n", "a:", "a: |\nb: 1\n", "a:\n# c\n  b:\n  - c\n"])("takes %j", (text) => {
    expect([isPlainMap(text), fault(text)]).toEqual([true, undefined]);
  });

  it.each([
    "a: b\n c: d\n",
    "a:\n  b: 1\n c: 2\n",
    "a:\n  b: 1\n- c\n",
    "a: 1\n- b\n",
    "- a\n",
    "a\n",
    "a: b: c\n",
    "a: 'b'c\n",
    'a: "\\/"\n',
    "a: |\n    b\n  c\n",
    "a: |\n     \n  c\n",
    "null: 1\n",
    "a: {Null: b}\n",
    "a:\n\tb: 1\n",
    "a: [b\n",
    "a: %b\n",
    "a: @b\n",
    "a: *b\n",
    "a: b\u2028c\n",
    `${"k".repeat(1025)}: v\n`,
    "a:\n- - b\n",
    "a:\n  b\n  c\n",
    "a:\n  b\n c: d\n",
    "a: ]\n",
    "a:#b\n",
  ])("leaves %j to the parser", (text) => {
    expect(isPlainMap(text)).toBe(false);
  });

  it("takes nothing that a parser, or what we know of Helm's, refuses", () => {
    const indent = constantFrom("", "", " ", "  ", "  ", "    ");
    const dash = constantFrom("", "", "", "- ", "-  ", "-", "- - ");
    const key = constantFrom("", "a:", "b:", "'c d':", '"e":', "1:", "null:", "NULL :", "y:", "~:", "<<:", "__proto__:", "? f:", "&x g:");
    const scalar = constantFrom("", ...scalars);
    const lines = tuple(indent, dash, key, constantFrom("", " ", " ", "  "), scalar).map((parts) => parts.join(""));
    const document = array(lines, { maxLength: 9 }).map((all) => all.join("\n"));
    let taken = 0;
    assert(
      property(document, (text) => {
        if (!isPlainMap(text)) return;
        taken += 1;
        expect(fault(text)).toBeUndefined();
      }),
      { numRuns: 20_000, seed: 7 },
    );
    expect(taken).toBeGreaterThan(1000);
  });

  it("is done with a row of spaces in one way", () => {
    // Each of these took half a second while the spaces could be shared out among three places.
    for (let left = 1000; left > 0; left -= 1) expect(isPlainMap(`a:\n${" ".repeat(900)}!`)).toBe(false);
  });
});
