import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { ChartferryError } from "@chartferry/core";
import { describe, expect, it, vi } from "vitest";

import { migrate } from "../migrate.ts";
import type { Report } from "./report.ts";
import { schemaProblems, type Schema } from "../testing/check-schema.ts";
import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget } from "../testing/fake-target.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { reportText, writeReport } from "./write-report.ts";

const schema: Schema = JSON.parse(readFileSync(new URL("report.schema.json", import.meta.url), "utf8"));

describe("the report", () => {
  it("is as its schema says, whatever became of the versions", async () => {
    const text = [...reportText(await mixedReport())].join("");
    const report = JSON.parse(text);
    expect(schemaProblems(report, schema)).toEqual([]);
    expect(new Set(report.versions.map((record: { status: string }) => record.status))).toEqual(
      new Set(["pushed", "failed", "refused", "not-attempted"]),
    );
  });

  it("would not pass its schema with a field too many, too few, or of another kind", async () => {
    const report = JSON.parse([...reportText(await mixedReport())].join(""));
    expect(schemaProblems({ ...report, extra: 1 }, schema)).not.toEqual([]);
    expect(schemaProblems({ ...report, hosts: undefined, versions: [{}] }, schema)).not.toEqual([]);
    expect(schemaProblems({ ...report, totals: { ...report.totals, entries: -1 } }, schema)).not.toEqual([]);
  });

  it("is the same on every run but for times", async () => {
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const texts = await Promise.all([1, 2].map(async () => [...reportText(await mixedReport({ clock }))].join("")));
    expect(texts[0]).toBe(texts[1]);
  });

  it("takes the place of an older one whole, and leaves no other file", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "report.json");
    writeFileSync(path, "old");
    await writeReport(path, await mixedReport());
    expect(JSON.parse(readFileSync(path, "utf8")).schemaVersion).toBe(1);
    expect(readdirSync(folder)).toEqual(["report.json"]);
  });

  it("is written whole where the disk takes it piece by piece", async () => {
    const probe = await open("/dev/null", "r+");
    vi.spyOn(Object.getPrototypeOf(probe), "write").mockResolvedValue({ bytesWritten: 5 });
    await probe.close();
    const path = join(temporaryFolder(), "report.json");
    await writeReport(path, await mixedReport()).finally(() => vi.restoreAllMocks());
    expect(JSON.parse(readFileSync(path, "utf8")).schemaVersion).toBe(1);
  });

  it("says where it cannot be written, and leaves nothing half there", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "report.json"));
    await expect(writeReport(join(folder, "report.json"), await mixedReport())).rejects.toMatchObject({ code: "file-unwritable" });
    expect(readdirSync(folder)).toEqual(["report.json"]);
  });
});

async function mixedReport(options: Partial<Parameters<typeof migrate>[0]> = {}): Promise<Report> {
  const gone = new ChartferryError("gone", { code: "source-missing", operation: "fetch chart", hint: "restore it" });
  const [good, dead] = [createFakeTarget("good.test"), createFakeTarget("dead.test")];
  dead.failure = new ChartferryError("refused", { code: "connection-refused", operation: "list tags" });
  const names = ["web 1.0.0", "!web broken", "Web 1.0.0", "web 1.0.1", ...Array.from({ length: 9 }, (_, index) => `db 1.0.${index}`)];
  return migrate({
    source: createFakeSource(names, { broken: { "web 1.0.1": gone } }),
    targets: [good, dead].map(({ connection }) => ({ id: `oci://${connection.registry}/charts`, namespace: "charts", connection })),
    configuration: { existing: "verify" },
    concurrency: 1,
    ...options,
  });
}
