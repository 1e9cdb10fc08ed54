import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { type Ran, run } from "../testing/run-words.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;

function push(...files: string[]): Promise<Ran> {
  return run(["push", ...files, `oci-layout:${join(temporaryFolder(), "layout")}`]);
}

describe("files that are named to push or publish", () => {
  it("pushes nothing where one of the files that were named is not there, or is a folder", async () => {
    const file = join(examples, "harbour-web-1.3.0.tgz");
    for (const [missing, says] of [
      ["nowhere.tgz", "error: nowhere.tgz: no such file [file-missing]\n"],
      [examples, `error: ${examples} is a folder: a chart is pushed as an archive (.tgz) [usage]\n`],
    ] as const) {
      const layout = join(temporaryFolder(), "layout");
      const ran = await run(["push", file, missing, `oci-layout:${layout}`]);
      expect(ran).toMatchObject({ code: 2, out: "" });
      expect(ran.err).toContain(says);
      expect(existsSync(layout)).toBe(false);
    }
  });

  it("takes equal files for one chart with a note, and refuses to choose between different ones", async () => {
    const folder = temporaryFolder();
    const file = join(examples, "harbour-web-1.3.0.tgz");
    const copy = join(folder, "copy.tgz");
    const other = join(folder, "other.tgz");
    cpSync(file, copy);
    // Other bytes of the same chart: gzip's header says from which system it comes.
    const bytes = readFileSync(file);
    bytes[9] = bytes[9] === 3 ? 0 : 3;
    writeFileSync(other, bytes);
    const twice = await push(file, copy, file);
    expect(twice).toMatchObject({ code: 0, err: expect.stringContaining(`${copy} has the same bytes as ${file}: it is taken once`) });
    expect(twice.err).toContain(`${file} is named more than once: it is taken once`);
    expect(twice.out.trim().split("\n")).toHaveLength(1);
    const refused = await push(file, other);
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toContain(
      `${file} and ${other} are both harbour-web 1.3.0, with different bytes [usage]\n  try: name one of the two`,
    );
  });

  it("fails one version with 1, be it pushed, published or migrated, and does not say its name twice", async () => {
    const folder = temporaryFolder();
    const chart = join(folder, "dock-helpers-0.4.0.tgz");
    cpSync(join(examples, "dock-helpers-0.4.0.tgz"), chart);
    const layout = `oci-layout:${join(temporaryFolder(), "layout")}`;
    for (const words of [
      ["push", chart, layout],
      ["publish", chart, "--to", layout],
      ["migrate", folder, layout, "--no-journal"],
    ]) {
      const ran = await run([...words, "--provenance", "require"]);
      expect(ran.code).toBe(1);
      expect(ran.out + ran.err).toContain("provenance-missing");
    }
    const told = await run(["push", chart, layout, "--provenance", "require", "--output", "json"]);
    expect(JSON.parse(told.out)).toMatchObject({
      totals: { targets: { [layout]: { failed: 1 } } },
      versions: [{ chart: "dock-helpers", version: "0.4.0", target: layout, status: "failed", reason: "provenance-missing" }],
    });
    const text = join(folder, "notes.tgz");
    writeFileSync(text, "just text");
    const ran = await run(["push", text, layout]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^error: notes\.tgz: (?!notes\.tgz)/m);
  });
});
