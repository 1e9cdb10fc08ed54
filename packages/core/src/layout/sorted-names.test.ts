import { array, assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";

import { createSortedNames } from "./sorted-names.ts";

const name = constantFrom("a", "B", "b", "1.0.0", "1.10.0", "1.9.0", "_x", "latest", "v1");
const step = record({ kind: constantFrom("add", "remove", "look"), name });

describe("sorted names", () => {
  it("gives the same as sorting everything at each look, whatever was added and removed before", () => {
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const names = createSortedNames();
        const model = new Set<string>();
        for (const { kind, name: one } of steps) {
          if (kind === "add") {
            names.add(one);
            model.add(one);
          } else if (kind === "remove") {
            names.remove(one);
            model.delete(one);
          } else expect(names.all()).toEqual([...model].toSorted((a, b) => (a < b ? -1 : 1)));
        }
        expect(names.all()).toEqual([...model].toSorted((a, b) => (a < b ? -1 : 1)));
      }),
    );
  });

  it("pages behind a name that is not there any more", () => {
    const names = createSortedNames();
    for (const one of ["a", "b", "c", "d"]) names.add(one);
    names.remove("b");
    expect(names.page("b", 1)).toEqual({ names: ["c"], more: true });
    expect(names.page("c", 5)).toEqual({ names: ["d"], more: false });
    expect(names.page(undefined, 0)).toEqual({ names: [], more: true });
  });
});
