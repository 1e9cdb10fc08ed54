import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { run } from "../testing/run-words.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;

/** A folder with a source, a journal and a link to the source. */
function makePlace(): string {
  const place = temporaryFolder();
  cpSync(examples, join(place, "source"), { recursive: true });
  symlinkSync("source", join(place, "link"));
  mkdirSync(join(place, "state"));
  writeFileSync(join(place, "ca.pem"), "certificates");
  return place;
}

describe("--report", () => {
  it.each([
    ["source/index.yaml", /would be in the source's folder/],
    ["link/harbour-web-1.3.0.tgz", /would be in the source's folder/],
    ["source/report.json", /would be in the source's folder/],
    ["layout/harbour-web/index.json", /would be in the folder of a target/],
    ["journal", /would be the journal/],
    ["./state/../journal", /would be the journal/],
    ["state/chartferry/journals/x.jsonl", /would be in the state folder/],
    ["ca.pem", /a file that the run reads/],
  ])("%s is refused before anything is done, by all commands", async (report, text) => {
    const place = makePlace();
    const index = readFileSync(join(place, "source", "index.yaml"), "utf8");
    const ends = [join(place, "source"), `oci-layout:${join(place, "layout")}`];
    const journal = ["--journal", join(place, "journal")];
    for (const words of [
      ["migrate", ...ends, ...journal],
      ["plan", ...ends, ...journal],
    ]) {
      const ran = await run([...words, "--report", `${place}/${report}`, "--ca-file", join(place, "ca.pem")], {
        state: join(place, "state"),
      });
      expect(ran).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/\[usage\]/) });
      expect(ran.err).toMatch(text);
    }
    expect(existsSync(join(place, "layout")) || existsSync(join(place, "journal"))).toBe(false);
    expect(readFileSync(join(place, "source", "index.yaml"), "utf8")).toBe(index);
  });

  it("of verify is refused in the source's folder too", async () => {
    const place = makePlace();
    const source = join(place, "source");
    const ran = await run(["verify", source, `oci-layout:${join(place, "layout")}`, "--report", join(source, "index.yaml")]);
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining("would be in the source's folder") });
  });

  it("may lie beside a folder whose name begins alike", async () => {
    const place = makePlace();
    const report = join(place, "source.json");
    expect(await run(["migrate", join(place, "source"), `oci-layout:${join(place, "layout")}`, "--report", report])).toMatchObject({
      code: 0,
    });
    expect(existsSync(report)).toBe(true);
  });
});

describe("--journal", () => {
  it.each([
    ["source/journal.jsonl", /the journal \S+ would be in the source's folder/],
    ["source/index.yaml", /would be in the source's folder/],
    ["link/sub/journal.jsonl", /would be in the source's folder/],
    ["layout/journal.jsonl", /would be in the folder of a target/],
    ["layout/harbour-web/index.json", /would be in the folder of a target/],
    ["layout", /would be in the folder of a target/],
    ["ca.pem", /a file that the run reads/],
  ])("%s is refused before anything is done, by all commands that have one", async (journal, text) => {
    const place = makePlace();
    const index = readFileSync(join(place, "source", "index.yaml"), "utf8");
    const ends = [join(place, "source"), `oci-layout:${join(place, "layout")}`];
    for (const command of ["migrate", "plan"]) {
      const ran = await run([command, ...ends, "--journal", `${place}/${journal}`, "--ca-file", join(place, "ca.pem")]);
      expect(ran).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/\[usage\]\n.*--journal FILE/) });
      expect(ran.err).toMatch(text);
    }
    expect(existsSync(join(place, "layout"))).toBe(false);
    expect(readdirSync(join(place, "source"))).toEqual(readdirSync(examples));
    expect(readFileSync(join(place, "source", "index.yaml"), "utf8")).toBe(index);
  });

  it("may lie in the state folder, and beside the ends", async () => {
    const place = makePlace();
    for (const journal of ["state/chartferry/journals/own.jsonl", "layout.jsonl"]) {
      const words = ["migrate", join(place, "source"), `oci-layout:${join(place, "layout")}`, "--journal", join(place, journal)];
      expect(await run(words, { state: join(place, "state") })).toMatchObject({ code: 0 });
      expect(existsSync(join(place, journal))).toBe(true);
    }
  });
});
