import { readFileSync, writeFileSync } from "node:fs";

import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createFakeSource, type FakeSource } from "../testing/fake-source.ts";
import { createFakeTarget } from "../testing/fake-target.ts";
import { happened, mixedTarget, names, planned, predictions, writesOf } from "../testing/foretell.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

describe("a plan that leaves something to the opened charts", () => {
  it("leaves to the opened chart what no index tells, and says with --deep what a migration then does", async () => {
    const target = await mixedTarget(() => `${temporaryFolder()}/journal.jsonl`);
    const some = names.slice(0, 5);
    const index = { withoutDigests: true };
    expect(predictions(await planned(createFakeSource(some, index), [target]))).toEqual([
      "web 1.0.0: compare undecided",
      "web 1.1.0: compare undecided",
      "web 1.2.0: compare undecided",
      "web 1.3.0: fail not-a-chart",
      "web 1.4.0: push absent",
    ]);
    const before = writesOf(target);
    const deep = predictions(await planned(createFakeSource(some, index), [target], { deep: true }));
    expect(writesOf(target)).toBe(before);
    expect(deep).toEqual([
      "web 1.0.0: skip identical",
      "web 1.1.0: skip identical",
      "web 1.2.0: fail conflict",
      "web 1.3.0: fail not-a-chart",
      "web 1.4.0: push copied",
    ]);
    expect(deep.map((line) => line.replace("copied", "absent"))).toEqual(await happened(createFakeSource(some, index), [target], {}));
  });

  it("knows beforehand which charts --existing overwrite replaces, but for those that may be the same to the byte", async () => {
    const folder = temporaryFolder();
    const journalPath = (): string => `${folder}/journal.jsonl`;
    const target = await mixedTarget(journalPath);
    const some = names.slice(0, 5);
    const options = { existing: "overwrite", journalPath } as const;
    expect(predictions(await planned(createFakeSource(some), [target], options))).toEqual([
      "web 1.0.0: skip unchanged",
      "web 1.1.0: compare undecided",
      "web 1.2.0: push overwrite",
      "web 1.3.0: fail not-a-chart",
      "web 1.4.0: push absent",
    ]);
    const deep = predictions(await planned(createFakeSource(some), [target], { ...options, deep: true }));
    expect(deep[1]).toBe("web 1.1.0: skip identical");
    expect(deep.map((line) => line.replace("copied", "absent"))).toEqual(await happened(createFakeSource(some), [target], options));
  });

  it("does not call unchanged under overwrite what a journal remembers without its provenance", async () => {
    const path = `${temporaryFolder()}/journal.jsonl`;
    const options = { existing: "overwrite", journalPath: () => path } as const;
    const target = createFakeTarget();
    await happened(createFakeSource(["web 1.0.0"]), [target], { journalPath: () => path });
    expect(predictions(await planned(createFakeSource(["web 1.0.0"]), [target], options))).toEqual(["web 1.0.0: skip unchanged"]);
    writeFileSync(path, readFileSync(path, "utf8").replace(',"provenance":false', ""));
    expect(predictions(await planned(createFakeSource(["web 1.0.0"]), [target], options))).toEqual(["web 1.0.0: compare undecided"]);
  });

  it("opens every chart with --deep, what is there already included, and tells what the source cannot give", async () => {
    const target = createFakeTarget();
    await happened(createFakeSource(["web 1.0.0", "web 1.1.0"]), [target], {});
    const gone = new ChartferryError("it is gone", { code: "source-missing", operation: "fetch chart" });
    const source: FakeSource = createFakeSource(["web 1.0.0", "web 1.1.0", "web 1.2.0", "web 1.3.0"], {
      broken: { "web 1.1.0": gone, "web 1.3.0": gone },
    });
    const versions = await planned(source, [target], { deep: true });
    expect(source.opened.toSorted()).toEqual(["web 1.0.0", "web 1.1.0", "web 1.2.0", "web 1.3.0"]);
    expect(source.held()).toBe(0);
    expect(predictions(versions)).toEqual([
      "web 1.0.0: skip same-chart",
      "web 1.1.0: skip same-chart",
      "web 1.2.0: push copied",
      "web 1.3.0: fail source-missing",
    ]);
    expect(versions[1]?.warnings).toEqual([
      expect.objectContaining({ code: "source-cannot-give-it", text: "it is gone [source-missing]" }),
    ]);
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0", "charts/web:1.1.0"]);
  });
});
