import { appendFileSync, existsSync, readdirSync, readFileSync, readlinkSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { openJournal, openJournalToRead } from "./journal.ts";
import { fillDisk } from "../testing/fill-disk.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { journalKey } from "./target-journals.ts";
import { entry } from "../testing/journal-entry.ts";

describe("openJournal", () => {
  it("finds what an earlier run appended, the last line of a version first", async () => {
    const path = join(temporaryFolder(), "state", "journal.jsonl");
    const first = await openJournal(path);
    first.append(entry("1.0.0"));
    first.append(entry("1.1.0"));
    first.append(entry("1.0.0", "c"));
    expect(first.find("k", "web", "2.0.0")).toBeUndefined();
    await first.close();
    const second = await openJournal(path);
    expect(second.find("k", "web", "1.0.0")).toEqual(entry("1.0.0", "c"));
    expect(second.find("other", "web", "1.0.0")).toBeUndefined();
    await second.close();
  });

  it("ignores a torn last line and writes on behind the whole ones", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const first = await openJournal(path);
    first.append(entry("1.0.0"));
    await first.close();
    // Longer than the line that follows: what is left of it would otherwise be covered by chance.
    appendFileSync(path, `{"key":"k","chart":"web","version":"${"9".repeat(500)}`);
    const second = await openJournal(path);
    expect(second.find("k", "web", "1.0.0")).toEqual(entry("1.0.0"));
    second.append(entry("1.1.0"));
    await second.close();
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
  ])("skips a line that is not ours: %s", async (_name, text) => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(path, `${JSON.stringify(entry("8.0.0"))}\n${text}${JSON.stringify(entry("9.0.0"))}\n`);
    const journal = await openJournal(path);
    expect(journal.find("k", "web", "8.0.0")).toEqual(entry("8.0.0"));
    expect(journal.find("k", "web", "1.0.0")).toBeUndefined();
    expect(journal.find("k", "web", "9.0.0")).toEqual(entry("9.0.0"));
    await journal.close();
  });

  it("finds a line of any length that it takes", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const first = await openJournal(path);
    const long = [4000, 5000, 60_000].map((length) => entry(`1.0.0-${"é9".repeat(length / 3)}`));
    for (const each of long) first.append(each);
    await first.close();
    const second = await openJournal(path);
    for (const each of long) expect(second.find("k", "web", each.version)).toEqual(each);
    await second.close();
  });

  it("finds each of many versions across block borders", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const first = await openJournal(path);
    for (let index = 0; index < 12_000; index++) first.append(entry(`1.0.${index}`));
    await first.close();
    const second = await openJournal(path);
    for (let index = 0; index < 12_000; index += 7) expect(second.find("k", "web", `1.0.${index}`)?.version).toBe(`1.0.${index}`);
    await second.close();
  });

  it("says what to do when its folder cannot be written", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    await expect(openJournal(join(folder, "file", "journal.jsonl"))).rejects.toThrow(
      expect.objectContaining({ code: "file-unwritable", hint: expect.stringContaining("--no-journal") }),
    );
  });
});

/** What this process holds open; where there is no /proc, nobody tells. */
function openFiles(): string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return [];
    }
  });
}

describe("a file that is no journal", () => {
  it.each([
    ["text", "precious\nnotes\n"],
    ["text whose last line has no end", "precious\nnotes"],
    ["one line without end", "precious"],
    ["JSON of another kind", '{"key":"k","chart":"web"}'],
    ["JSON of another kind, with an end", '{"key":"k","chart":"web","version":"1.0.0"}\n'],
    ["a journal that begins with something else", `x\n${JSON.stringify(entry("1.0.0"))}\n`],
    ["the begin of other JSON", '{"name":"k","chart":"web","ver'],
    ["zeros", "\0".repeat(100)],
    ["a long line", `{"key":"k","chart":"${"x".repeat(100_000)}`],
  ])("is refused and left as it is: %s", async (_name, text) => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, text);
    await expect(openJournal(path)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(`${path} is not a journal`),
      hint: expect.stringContaining("another path"),
    });
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each([
    ["with lines", "precious\nnotes\n"],
    ["without", ""],
  ])("is refused at once however large it is, and let go of: %s", async (_name, text) => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, text);
    truncateSync(path, 2 ** 42);
    for (const open of [openJournal, openJournalToRead]) await expect(open(path)).rejects.toMatchObject({ code: "usage" });
    expect(openFiles()).not.toContain(path);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each([
    ["empty", ""],
    ["its first line torn", JSON.stringify(entry("1.0.0")).slice(0, 60)],
    ["its first line without its end", JSON.stringify(entry("1.0.0"))],
  ])("is not what we make of a journal that is %s", async (_name, text) => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(path, text);
    const journal = await openJournal(path);
    journal.append(entry("2.0.0"));
    await journal.close();
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(entry("2.0.0"))}\n`);
  });

  it.skipIf(!existsSync("/dev/full"))("is a device, which would be read without end (skipped where there is no /dev/full)", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    symlinkSync("/dev/full", path);
    await expect(openJournal(path)).rejects.toMatchObject({ code: "file-unwritable", message: expect.stringContaining("ordinary file") });
    expect(existsSync(path)).toBe(true);
  });
});

describe("a journal on a full disk", () => {
  it("keeps its whole lines and nothing of the others, says why, and can be written by the next run", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const first = await openJournal(path);
    first.append(entry("1.0.0"));
    first.flush();
    expect(first.fault).toBeUndefined();
    const restore = fillDisk(30);
    first.append(entry("1.1.0"));
    first.flush();
    restore();
    expect(first.fault).toMatchObject({ code: "disk-full", message: expect.stringContaining(path) });
    first.append(entry("1.2.0"));
    await first.close();
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(entry("1.0.0"))}\n`);
    const second = await openJournal(path);
    expect(second.find("k", "web", "1.1.0")).toBeUndefined();
    second.append(entry("1.1.0"));
    await second.close();
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(3);
  });
});

describe("a folder for the journal", () => {
  it.skipIf(!existsSync("/proc/self"))(
    "that nobody can make is an error, not an endless wait (skipped where there is no /proc)",
    async () => {
      await expect(openJournal("/proc/x/y/journal.jsonl")).rejects.toMatchObject({ code: "file-unwritable" });
    },
  );
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

describe("a journal that is only looked into", () => {
  it("tells what stands in it while another run holds it, and changes nothing", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const owner = await openJournal(path);
    owner.append(entry("1.0.0"));
    owner.flush();
    appendFileSync(path, '{"key":"k","chart":"torn');
    const before = readFileSync(path, "utf8");
    const looking = await openJournalToRead(path);
    looking.append(entry("2.0.0"));
    looking.flush();
    expect([looking.find("k", "web", "1.0.0"), looking.find("k", "web", "2.0.0")]).toEqual([entry("1.0.0"), undefined]);
    await looking.close();
    expect(readFileSync(path, "utf8")).toBe(before);
    await owner.close();
  });

  it("is empty where there is no file, and makes none", async () => {
    const path = join(temporaryFolder(), "none", "journal.jsonl");
    const looking = await openJournalToRead(path);
    expect(looking.find("k", "web", "1.0.0")).toBeUndefined();
    await looking.close();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it("refuses a file that is something else, or no file", async () => {
    const path = join(temporaryFolder(), "notes.txt");
    writeFileSync(path, "my notes\n");
    await expect(openJournalToRead(path)).rejects.toMatchObject({ code: "usage" });
    await expect(openJournalToRead(dirname(path))).rejects.toMatchObject({ code: "file-unreadable" });
  });
});
