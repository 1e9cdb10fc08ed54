import { ChartferryError, type ChartSource, type SourceItem } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { chooseItems } from "./choose-items.ts";
import { createFunnel, type Funnel, funnelNotes } from "./funnel.ts";
import { createMapping, type MappingOptions } from "./mapping.ts";
import { createEntryFilter, type Selection } from "./select-entries.ts";

const now = Date.parse("2024-06-30T00:00:00Z");

/** Items are `chart version [created]`, or `!chart version` for an unreadable entry. */
function sourceOf(names: readonly string[]): ChartSource & { readonly reads: () => number } {
  let reads = 0;
  return {
    id: "source",
    reads: () => reads,
    async *versions() {
      reads++;
      for (const name of names) yield itemOf(name);
    },
    open: () => Promise.reject(new Error("nothing is opened")),
    close: () => Promise.resolve(),
  };
}

function itemOf(name: string): SourceItem {
  const [chart = "", version = "", created] = name.replace("!", "").split(" ");
  if (!name.startsWith("!")) {
    return {
      kind: "entry",
      entry: { chart, version, urls: ["https://charts.test/a.tgz"], notes: [], ...(created === undefined ? {} : { created }) },
    };
  }
  const error = new ChartferryError("no urls", { code: "entry-invalid", operation: "read index", hint: "repair it" });
  return { kind: "problem", problem: { chart, version, error } };
}

interface Choice {
  readonly chosen: string[];
  readonly funnel: Funnel;
}

async function choose(source: ChartSource, selection: Selection, options: MappingOptions = {}): Promise<Choice> {
  const filter = createEntryFilter(selection, now);
  const mapping = createMapping(options);
  const funnel = createFunnel(filter.active, mapping.renamed);
  const chosen: string[] = [];
  for await (const { item, rivals, namesakes } of chooseItems({ source, filter, mapping, funnel })) {
    const { chart, version } = item.kind === "entry" ? item.entry : item.problem;
    const told = item.kind === "problem" ? ` ${item.problem.error.code}: ${item.problem.error.message}, ${item.problem.error.hint}` : "";
    const others = [...rivals.map((rival) => `${rival.chart} ${rival.version}`), ...namesakes];
    chosen.push(`${chart} ${version}${told}${others.map((other) => ` vs ${other}`).join("")}`);
  }
  return { chosen, funnel };
}

describe("chooseItems", () => {
  it("counts each entry once, for the first filter that leaves it out", async () => {
    const names = [
      "web 1.0.0 2024-01-01",
      "web 2.0.0-rc.1 2024-06-29",
      "web 0.9.0 2024-01-01",
      "db 1.0.0 2024-01-01",
      "web 1.1.0 2024-06-29",
      "web 1.2.0",
    ];
    const selection = { charts: ["web"], versionRange: ">=1.0.0-0", prerelease: "exclude", minAgeMs: 7 * 86_400_000, latest: 1 } as const;
    const { chosen, funnel } = await choose(sourceOf(names), selection);
    expect(chosen).toEqual(["web 1.0.0"]);
    expect(Object.entries(funnel.excludedBy)).toEqual([
      ["chart", 1],
      ["version", 1],
      ["prerelease", 1],
      ["min-age", 2],
      ["latest", 0],
    ]);
    expect(funnel).toMatchObject({ entries: 6, excluded: 5 });
    expect(funnelNotes(funnel)).toMatchObject([
      { code: "created-missing", text: expect.stringContaining("1 of its entries: --min-age leaves them out") },
    ]);
  });

  it("takes the newest of what the other filters leave, in the source's order, and reads the source once", async () => {
    const source = sourceOf(["web 1.0.0", "db 0.1.0", "web 3.0.0-rc.1", "web 2.0.0", "web 10.0.0-rc.1", "web 1.5.0"]);
    expect((await choose(source, { latest: 2 })).chosen).toEqual(["db 0.1.0", "web 3.0.0-rc.1", "web 10.0.0-rc.1"]);
    const stable = await choose(source, { latest: 2, prerelease: "exclude" });
    expect(stable.chosen).toEqual(["db 0.1.0", "web 2.0.0", "web 1.5.0"]);
    expect(stable.funnel).toMatchObject({ excluded: 3, excludedBy: { prerelease: 2, latest: 1 } });
    expect(source.reads()).toBe(2);
  });

  it("lets a broken entry take its place among the newest, and tells its cause unchanged", async () => {
    const source = sourceOf(["web 1.0.0", "!web 3.0.0", "web 2.0.0", "!web 0.1.0", "!web"]);
    expect((await choose(source, { latest: 2 })).chosen).toEqual(["web 3.0.0 entry-invalid: no urls, repair it", "web 2.0.0"]);
  });

  it("names for each of two entries that map to one tag the other one", async () => {
    const source = sourceOf(["web v1.0.0+a", "web 1.1.0", "web 1.0.0+a", "db v1.0.0", "!db 1.0.0"]);
    expect((await choose(source, {}, { vPrefix: "strip" })).chosen).toEqual([
      "web v1.0.0+a vs web 1.0.0+a",
      "web 1.1.0",
      "web 1.0.0+a vs web v1.0.0+a",
      "db v1.0.0",
      "db 1.0.0 entry-invalid: no urls, repair it",
    ]);
  });

  it("finds no rivals among what is not selected", async () => {
    const source = sourceOf(["web v1.0.0", "web 1.0.0", "web v2.0.0", "web 2.0.0", "web 3.0.0"]);
    expect((await choose(source, { versionRange: ">=2" }, { vPrefix: "both" })).chosen).toEqual([
      "web v2.0.0 vs web 2.0.0",
      "web 2.0.0 vs web v2.0.0",
      "web 3.0.0",
    ]);
    expect((await choose(source, { latest: 2 }, { vPrefix: "both" })).chosen).toEqual(["web v2.0.0", "web 3.0.0"]);
  });

  it("finds rivals among renamed charts, and says which of them is not there", async () => {
    const source = sourceOf(["web 1.0.0", "Web 1.0.0", "Web 2.0.0"]);
    const renames = [
      { from: "Web", to: "web" },
      { from: "WEB", to: "web" },
    ];
    const { chosen, funnel } = await choose(source, {}, { renames });
    expect(chosen).toEqual(["web 1.0.0 vs Web 1.0.0", "Web 1.0.0 vs web 1.0.0", "Web 2.0.0"]);
    expect(funnelNotes(funnel)).toMatchObject([{ code: "rename-unused", text: expect.stringContaining('"WEB"') }]);
  });

  it("names the other chart whose name one is given, wherever that stands, chosen or not, readable or not", async () => {
    const shop = { from: "shop", to: "web" };
    const renamed = (names: readonly string[], renames = [shop], selection: Selection = {}): Promise<Choice> =>
      choose(sourceOf(names), selection, { renames });
    expect((await renamed(["shop 1.0.0", "web 1.0.0", "web 2.0.0"])).chosen).toEqual(["shop 1.0.0 vs web", "web 1.0.0", "web 2.0.0"]);
    expect((await renamed(["web 1.0.0", "shop 1.0.0"])).chosen).toEqual(["web 1.0.0", "shop 1.0.0 vs web"]);
    expect((await renamed(["shop 1.0.0", "web 1.0.0"], [shop], { charts: ["shop"] })).chosen).toEqual(["shop 1.0.0 vs web"]);
    expect((await renamed(["shop 1.0.0", "!web 1.0.0"])).chosen[0]).toBe("shop 1.0.0 vs web");
    expect((await renamed(["shop 1.0.0", "other 1.0.0"])).chosen).toEqual(["shop 1.0.0", "other 1.0.0"]);
    const both = [shop, { from: "store", to: "web" }];
    expect((await renamed(["shop 1.0.0", "store 1.0.0"], both)).chosen).toEqual(["shop 1.0.0 vs store", "store 1.0.0 vs shop"]);
    const swapped = [shop, { from: "web", to: "shop" }];
    expect((await renamed(["shop 1.0.0", "web 1.0.0"], swapped)).chosen).toEqual(["shop 1.0.0", "web 1.0.0"]);
  });

  it("keeps order and content over more entries than stand in memory", async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `chart-${index % 7} 1.${index}.0`);
    const { chosen } = await choose(sourceOf(names), { latest: 600 });
    expect(chosen).toEqual(names.slice(5000 - 600 * 7));
  });

  it("ends quietly when the run stops, and says nothing of what it did not see", async () => {
    const stop = new AbortController();
    const source = sourceOf(["web 1.0.0", "web 2.0.0", "web 3.0.0"]);
    const stopping: ChartSource = {
      ...source,
      async *versions() {
        for await (const item of source.versions()) {
          yield item;
          stop.abort();
        }
      },
    };
    const mapping = createMapping({ renames: [{ from: "Web", to: "web" }] });
    const parts = { filter: createEntryFilter({ latest: 1 }, now), mapping, funnel: createFunnel([], mapping.renamed) };
    const items = chooseItems({ source: stopping, ...parts, stop: stop.signal });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(parts.funnel.entries).toBe(1);
    expect(funnelNotes(parts.funnel)).toEqual([]);
  });
});
