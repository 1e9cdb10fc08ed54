import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import type { MigrateOptions } from "./migrate-options.ts";
import { isComplete } from "./keep/report.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { run, told } from "./testing/run-migrate.ts";

describe("migrate", () => {
  it("brings every version to every target from one download", async () => {
    const source = createFakeSource(["web 1.0.0", "web 1.1.0+b7", "db 2.0.0"]);
    const [first, second] = [createFakeTarget("one.test"), createFakeTarget("two.test")];
    const report = await run(source, [first, second]);
    expect([...first.tags.keys()].toSorted()).toEqual(["charts/db:2.0.0", "charts/web:1.0.0", "charts/web:1.1.0_b7"]);
    expect([...second.tags.keys()].toSorted()).toEqual([...first.tags.keys()].toSorted());
    expect(source.opened.toSorted()).toEqual(["db 2.0.0", "web 1.0.0", "web 1.1.0+b7"]);
    expect(report.totals.downloads).toMatchObject({ charts: 3, reopened: 0 });
    expect(source.held()).toBe(0);
    expect(isComplete(report)).toBe(true);
  });

  it("lets one bad entry stop nothing, and reports each with its cause", async () => {
    const missing = new ChartferryError("the file is gone", { code: "source-missing", operation: "fetch chart", hint: "restore it" });
    const source = createFakeSource(["web 1.0.0", "!web nonsense", "Web 1.0.0", "web 1.0.1", "web 1.0.2"], {
      broken: { "web 1.0.1": missing },
    });
    const target = createFakeTarget();
    const report = await run(source, [target]);
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0", "charts/web:1.0.2"]);
    expect(told(report)).toEqual([
      "web 1.0.0 pushed copied",
      "web nonsense refused entry-invalid",
      "Web 1.0.0 refused name-invalid",
      "web 1.0.1 failed source-missing",
      "web 1.0.2 pushed copied",
    ]);
    expect(report.totals).toMatchObject({ entries: 5, problems: 1, targets: { t0: { pushed: 2, failed: 1, refused: 1 } } });
    expect(isComplete(report)).toBe(false);
  });

  it("refuses the second of two entries that would share a tag", async () => {
    const target = createFakeTarget();
    const report = await run(createFakeSource(["web 1.0.0+a", "web 1.0.0_a"]), [target]);
    expect(told(report)).toEqual(["web 1.0.0+a pushed copied", "web 1.0.0_a refused duplicate-tag"]);
  });

  it("takes only what was selected, and counts the rest", async () => {
    const target = createFakeTarget();
    const source = createFakeSource(["web 1.0.0", "web 2.0.0", "db 2.0.0"]);
    const report = await run(source, [target], { selection: { charts: ["w*"], versionRange: ">=2" } });
    expect([...target.tags.keys()]).toEqual(["charts/web:2.0.0"]);
    expect(report.totals).toMatchObject({ entries: 3, excluded: 2 });
  });

  it("reports in the order of the source, whatever finished first", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `web 1.0.${index}`);
    const source = createFakeSource(names, {
      beforeOpen: (name) => (name.endsWith("0") ? new Promise((done) => setImmediate(done)) : undefined),
    });
    const report = await run(source, [createFakeTarget()]);
    expect([...report.records()].map(({ version }) => `web ${version}`)).toEqual(names);
  });

  it("says that a selection finds nothing, at once and in the report, and of a chart that was asked for in vain", async () => {
    const notes: string[] = [];
    const onEvent: MigrateOptions["onEvent"] = (event) => event.type === "note" && notes.push(event.note.code);
    const report = await run(createFakeSource(["web 1.0.0", "db 2.0.0"]), [createFakeTarget()], {
      selection: { charts: ["no*"] },
      onEvent,
    });
    expect(report.run.notes).toEqual([
      { code: "nothing-selected", text: "none of the 2 versions of the source is selected" },
      { code: "chart-not-found", text: 'no chart of the source matches "no*"; the source has db, web' },
    ]);
    expect(notes).toEqual(["nothing-selected", "chart-not-found"]);
    expect(isComplete(report)).toBe(true);
    const breaksOff = new ChartferryError("cut short", { code: "index-truncated", operation: "read index" });
    const broken = await run(createFakeSource(["web 1.0.0"], { breaksOff }), [createFakeTarget()], {
      selection: { charts: ["db"] },
      onEvent,
    });
    expect({ notes: broken.run.notes, told: notes.length }).toEqual({ notes: [], told: 2 });
  });

  it("reports what is remarkable about the source as a whole", async () => {
    const notes = [{ code: "index-without-api-version", text: "the index has no apiVersion" }];
    expect((await run(createFakeSource(["web 1.0.0"], { notes }), [createFakeTarget()])).run.notes).toEqual(notes);
    expect((await run(createFakeSource(["web 1.0.0"]), [createFakeTarget()])).run.notes).toEqual([]);
  });
});
