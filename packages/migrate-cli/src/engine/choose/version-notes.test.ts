import { describe, expect, it } from "vitest";

import { notesOn } from "../deliver/attempt-delivery.ts";
import { contentOf } from "../testing/fake-target.ts";
import type { WorkItem } from "../work-item.ts";

const text = (version: string): string =>
  `the version "${version}" is found by its exact text only, by no range: helm pull --version "${version}"`;

/** The remarks on a version whose archive may spell it in another way than the index. */
function remarks(index: string, archive: string, tags: readonly [string, ...string[]] = [index]): string[] {
  const item: WorkItem = {
    sequence: 0,
    run: "r",
    source: "https://charts.test",
    entry: { chart: "web", version: index, urls: [], notes: [] },
    target: "t0",
    repository: "charts/web",
    tags,
    known: { state: "unknown" },
  };
  const moved = {
    kind: "assemble" as const,
    layer: contentOf("archive"),
    metadata: { apiVersion: "v2", name: "web", version: archive },
    created: "2021-01-01T00:00:00Z",
    notes: archive.startsWith("v") ? [{ code: "leading-v", text: text(archive) }] : [],
    release: () => Promise.resolve(),
  };
  return notesOn(item, moved).map((note) => `${note.code}: ${note.text}`);
}

describe("a version that Helm finds by its exact text only", () => {
  it("is the one of the tag, however the archive spells it", () => {
    expect(remarks("v1.0.2", "1.0.2")).toEqual([`leading-v: ${text("v1.0.2")}`]);
    expect(remarks("1.0.3", "v1.0.3")).toEqual([]);
    expect(remarks("v1.0.4", "v1.0.4")).toEqual([`leading-v: ${text("v1.0.4")}`]);
  });

  it("is none where one of its tags is strict", () => {
    expect(remarks("v1.0.2", "v1.0.2", ["1.0.2"])).toEqual([]);
    expect(remarks("v1.0.2", "v1.0.2", ["1.0.2", "v1.0.2"])).toEqual([]);
    expect(remarks("1.0.3", "1.0.3", ["v1.0.3"])).toEqual([`leading-v: ${text("v1.0.3")}`]);
  });
});
