import { describe, expect, it } from "vitest";

import { mapEntry, mappedFileNotes } from "./map-entry.ts";
import { createMapping, type MappingOptions } from "./mapping.ts";

function key(options?: MappingOptions): string {
  return createMapping(options).key;
}

const target = { namespace: "charts", connection: { nameProblems: () => [] } };

describe("createMapping", () => {
  it.each([
    ["keep", "v1.2.3", ["v1.2.3"]],
    ["strip", "v1.2.3", ["1.2.3"]],
    ["both", "v1.2.3", ["1.2.3", "v1.2.3"]],
    ["both", "1.2.3", ["1.2.3"]],
    ["strip", "v1.2.3-rc.1+b7", ["1.2.3-rc.1_b7"]],
    ["strip", "version1", ["version1"]],
  ] as const)("--v-prefix %s gives %s the tags %j", (vPrefix, version, tags) => {
    expect(mapEntry(createMapping({ vPrefix }), { chart: "web", version }, target)).toEqual({ repository: "charts/web", tags });
  });

  it("renames by the exact name, so that a name that no registry takes finds a place", () => {
    const mapping = createMapping({ renames: [{ from: "Web", to: "web" }] });
    expect(mapEntry(mapping, { chart: "Web", version: "1.0.0" }, target)).toMatchObject({ repository: "charts/web" });
    expect(mapEntry(mapping, { chart: "WEB", version: "1.0.0" }, target)).toMatchObject({
      reason: "name-invalid",
      hint: expect.stringContaining("--rename"),
    });
  });

  it.each([
    ["a name that no registry takes", [{ from: "web", to: "Web" }], "upper-case"],
    ["a path", [{ from: "web", to: "team/web" }], "without slash"],
    [
      "two names for one chart",
      [
        { from: "web", to: "a" },
        { from: "web", to: "b" },
      ],
      "to a and to b",
    ],
  ])("refuses %s as a new name", (_what, renames, told) => {
    expect(() => createMapping({ renames })).toThrow(expect.objectContaining({ code: "usage", message: expect.stringContaining(told) }));
  });

  it("has equal keys for equal mappings, whatever the order of the options", () => {
    const [first, second] = [
      { from: "A", to: "a" },
      { from: "B", to: "b" },
    ];
    expect(key({ renames: [first, second] })).toBe(key({ renames: [second, first] }));
    expect(new Set([key(), key({ vPrefix: "strip" }), key({ vPrefix: "both" }), key({ renames: [first] })]).size).toBe(4);
    expect(key({ renames: [], vPrefix: "keep" })).toBe(key());
  });

  it("names every entry that would share a tag", () => {
    const mapping = createMapping({
      vPrefix: "strip",
      renames: [
        { from: "Web", to: "web" },
        { from: "shop", to: "store" },
      ],
    });
    const rivals = mapping.rivalsOf({ chart: "web", version: "v1.0.0" }).map(({ chart, version }) => `${chart} ${version}`);
    expect(rivals.toSorted()).toEqual(["Web 1.0.0", "Web v1.0.0", "web 1.0.0"]);
    expect(mapping.rivalsOf({ chart: "store", version: "1.0.0" })).toContainEqual({ chart: "shop", version: "1.0.0" });
    expect(
      createMapping({
        renames: [
          { from: "web", to: "site" },
          { from: "Web", to: "web" },
        ],
      }).rivalsOf({ chart: "Web", version: "1.0.0" }),
    ).toEqual([]);
  });
});

describe("mappedFileNotes", () => {
  const entry = { chart: "web", version: "v1.0.0" };
  const stripped = { repository: "charts/web", tags: ["1.0.0"] } as const;

  it("says nothing where helm pull saves the chart under its own name", () => {
    expect(mappedFileNotes(entry, { repository: "charts/web", tags: ["v1.0.0"] }, [])).toEqual([]);
    expect(mappedFileNotes({ chart: "web", version: "1.0.0+b" }, { repository: "web", tags: ["1.0.0_b"] })).toEqual([]);
  });

  it("says that the provenance names another file, or may, where it is not known", () => {
    expect(mappedFileNotes(entry, stripped, ["web-v1.0.0.tgz"])).toMatchObject([
      { code: "provenance-mapped", text: expect.stringMatching(/^helm pull --verify will fail.*web-1\.0\.0\.tgz/) },
    ]);
    expect(mappedFileNotes(entry, stripped)).toMatchObject([{ text: expect.stringMatching(/^if it has a provenance/) }]);
    expect(mappedFileNotes(entry, stripped, ["web-1.0.0.tgz"])).toEqual([]);
  });

  it("looks at every tag by itself", () => {
    const [note] = mappedFileNotes(entry, { repository: "web", tags: ["1.0.0", "v1.0.0"] }, ["web-v1.0.0.tgz"]);
    expect(note?.text).toContain("saves the chart as web-1.0.0.tgz,");
  });
});
