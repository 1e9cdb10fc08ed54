import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { openJournal, type JournalEntry } from "./journal.ts";
import { lockJournal, thisProcess } from "./journal-lock.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { journalKey } from "./target-journals.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const entry = (version: string, digit = "a"): JournalEntry => ({
  key: "k",
  chart: "web",
  version,
  manifest: digest(digit),
  layer: digest("b"),
});

describe("openJournal", () => {
  it("finds what an earlier run appended, the last line of a version first", () => {
    const path = join(temporaryFolder(), "state", "journal.jsonl");
    const first = openJournal(path);
    first.append(entry("1.0.0"));
    first.append(entry("1.1.0"));
    first.append(entry("1.0.0", "c"));
    expect(first.find("k", "web", "2.0.0")).toBeUndefined();
    first.close();
    const second = openJournal(path);
    expect(second.find("k", "web", "1.0.0")).toEqual(entry("1.0.0", "c"));
    expect(second.find("other", "web", "1.0.0")).toBeUndefined();
    second.close();
  });

  it("ignores a torn last line and writes on behind the whole ones", () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const first = openJournal(path);
    first.append(entry("1.0.0"));
    first.close();
    // Longer than the line that follows: what is left of it would otherwise be covered by chance.
    appendFileSync(path, `{"key":"k","chart":"web","version":"${"9".repeat(500)}`);
    const second = openJournal(path);
    expect(second.find("k", "web", "1.0.0")).toEqual(entry("1.0.0"));
    second.append(entry("1.1.0"));
    second.close();
    expect(
      readFileSync(path, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).version),
    ).toEqual(["1.0.0", "1.1.0"]);
  });

  it.each([
    ["no JSON", "x\n"],
    ["another shape", '{"key":1}\n[]\nnull\n"text"\n'],
    ["a digest that is a path", `${JSON.stringify({ ...entry("1.0.0"), manifest: "sha256:../../etc" })}\n`],
    ["a line without end", `${"x".repeat(200_000)}\n`],
  ])("skips a line that is not ours: %s", (_name, text) => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(path, `${text}${JSON.stringify(entry("9.0.0"))}\n`);
    const journal = openJournal(path);
    expect(journal.find("k", "web", "1.0.0")).toBeUndefined();
    expect(journal.find("k", "web", "9.0.0")).toEqual(entry("9.0.0"));
    journal.close();
  });

  it("finds each of many versions across block borders", () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const first = openJournal(path);
    for (let index = 0; index < 12_000; index++) first.append(entry(`1.0.${index}`));
    first.close();
    const second = openJournal(path);
    for (let index = 0; index < 12_000; index += 7) expect(second.find("k", "web", `1.0.${index}`)?.version).toBe(`1.0.${index}`);
    second.close();
  });

  it("says what to do when its folder cannot be written", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(() => openJournal(join(folder, "file", "journal.jsonl"))).toThrow(
      expect.objectContaining({ code: "file-unwritable", hint: expect.stringContaining("--no-journal") }),
    );
  });
});

describe("lockJournal", () => {
  const self = thisProcess();

  it("refuses a second writer while the first lives, and lets it in afterwards", () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const unlock = lockJournal(path);
    expect(() => openJournal(path)).toThrow(expect.objectContaining({ code: "journal-locked" }));
    unlock();
    openJournal(path).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each([
    ["its process is gone", { ...self, pid: 2 ** 22 - 1 }],
    ["its process number was given to another", { ...self, pid: process.ppid, started: "1" }],
    ["the machine was started again since", { ...self, boot: "another boot" }],
  ])("takes over at once when %s", (_name, owner) => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(`${path}.lock`, JSON.stringify(owner));
    openJournal(path).close();
  });

  it("takes over a lock that nobody can read", () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(`${path}.lock`, "torn");
    openJournal(path).close();
  });

  it("never takes over from another host, and names it", () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(`${path}.lock`, JSON.stringify({ ...self, host: "elsewhere", pid: 2 ** 22 - 1 }));
    expect(() => openJournal(path)).toThrow(
      expect.objectContaining({ code: "journal-locked", message: expect.stringContaining("elsewhere") }),
    );
  });
});

describe("journalKey", () => {
  it("differs with source, target, mapping and created policy, and not by how their texts are cut", () => {
    const scope = { source: "a", target: "b", mapping: "c", createdPolicy: "d" };
    const keys = [
      scope,
      { ...scope, source: "ab", target: "" },
      { ...scope, target: "x" },
      { ...scope, mapping: "x" },
      { ...scope, createdPolicy: "x" },
    ];
    expect(new Set(keys.map((each) => journalKey(each))).size).toBe(keys.length);
  });
});
