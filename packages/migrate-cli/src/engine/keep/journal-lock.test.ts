import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { openJournal, openJournalToRead } from "./journal.ts";
import { lockJournal } from "./journal-lock.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { entry } from "../testing/journal-entry.ts";

/** What a process of ours leaves, changed. */
async function leaveLock(path: string, changes: object): Promise<void> {
  const lock = await lockJournal(path);
  const own: object = JSON.parse(readFileSync(`${path}.lock`, "utf8"));
  await lock.release();
  writeFileSync(`${path}.lock`, JSON.stringify({ ...own, ...changes }));
}

/** As if the owner of the journal's lock were in another container, and stopped or killed for that long. */
function moveAway(path: string, seconds: number): void {
  const own: object = JSON.parse(readFileSync(`${path}.lock`, "utf8"));
  writeFileSync(`${path}.lock`, JSON.stringify({ ...own, namespace: "pid:[1]" }));
  const then = Date.now() / 1000 - seconds;
  utimesSync(`${path}.lock`, then, then);
}

describe("the lock of a journal", () => {
  it("refuses a second writer while the first lives, and lets it in afterwards", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const lock = await lockJournal(path);
    await expect(openJournal(path)).rejects.toMatchObject({
      code: "journal-locked",
      message: expect.stringContaining(`in use by process ${process.pid}`),
      hint: expect.stringContaining("wait for that run"),
    });
    await lock.release();
    await (await openJournal(path)).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("is given back also where the journal, which stayed empty, cannot be removed", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const journal = await openJournal(path);
    rmSync(path);
    mkdirSync(path);
    await expect(journal.close()).rejects.toThrow("EISDIR");
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each([
    ["its process is gone", { pid: 2 ** 22 - 1 }],
    ["its process number was given to another", { pid: process.ppid, started: "1" }],
    ["the machine was started again since", { boot: "another boot" }],
  ])("is taken over at once when %s", async (_name, changes) => {
    const path = join(temporaryFolder(), "journal.jsonl");
    await leaveLock(path, changes);
    await (await openJournal(path)).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("is never taken from another host, which it names", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    await leaveLock(path, { host: "elsewhere", pid: 2 ** 22 - 1 });
    await expect(openJournal(path)).rejects.toMatchObject({
      code: "journal-locked",
      message: expect.stringContaining("elsewhere"),
      hint: expect.stringContaining(`delete ${path}.lock`),
    });
  });

  it("is never taken from another container of this host, which it names, with the file to delete", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    await leaveLock(path, { namespace: "pid:[1]", pid: 2 ** 22 - 1 });
    await expect(openJournal(path)).rejects.toMatchObject({
      code: "journal-locked",
      message: expect.stringMatching(/process \d+ on .* in another container \(PID namespace pid:\[1\]\) since /u),
      hint: expect.stringContaining(`delete ${path}.lock`),
    });
  });

  it("is told to another container with its age, and taken over when its owner renewed it no more for a minute", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    await lockJournal(path);
    moveAway(path, 20);
    const told = /since \d{4}-.*Z; its lock was renewed 2\d s ago, and is taken over when that is more than 60 s ago$/u;
    await expect(openJournal(path)).rejects.toMatchObject({ code: "journal-locked", message: expect.stringMatching(told) });
    moveAway(path, 61);
    await (await openJournal(path)).close();
  });

  it.each([
    ["taken over", (path: string) => moveAway(path, 61)],
    ["deleted", (path: string) => rmSync(`${path}.lock`)],
  ])("is looked for before each write: what stands in the file since it was %s stays as it is", async (_how, lose) => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const [first, idle] = [await openJournal(path), await openJournal(`${path}-idle`)];
    lose(path);
    lose(`${path}-idle`);
    const [second, busy] = [await openJournal(path), await openJournal(`${path}-idle`)];
    second.append(entry("2.0.0"));
    second.flush();
    first.append(entry("1.0.0"));
    first.flush();
    expect(first.fault).toMatchObject({ code: "journal-locked" });
    await first.close();
    await idle.close();
    busy.append(entry("3.0.0"));
    for (const journal of [second, busy]) await journal.close();
    expect(second.fault).toBeUndefined();
    const read = [await openJournalToRead(path), await openJournalToRead(`${path}-idle`)] as const;
    expect(read[0].find("k", "web", "1.0.0")).toBeUndefined();
    expect(read[0].find("k", "web", "2.0.0")).toEqual(entry("2.0.0"));
    expect(read[1].find("k", "web", "3.0.0")).toEqual(entry("3.0.0"));
    for (const journal of read) await journal.close();
  });

  it("is one and the same by whatever name the file goes, a link to it or one to where it will be", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    const [link, ahead] = [join(temporaryFolder(), "link.jsonl"), join(temporaryFolder(), "ahead.jsonl")];
    symlinkSync(path, ahead);
    const first = await openJournal(ahead);
    first.append(entry("1.0.0"));
    symlinkSync(path, link);
    for (const name of [path, link, ahead]) {
      await expect(openJournal(name)).rejects.toMatchObject({
        code: "journal-locked",
        message: expect.stringContaining(`process ${process.pid}`),
      });
    }
    await first.close();
    const second = await openJournal(link);
    expect(second.find("k", "web", "1.0.0")).toEqual(entry("1.0.0"));
    await second.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("says which file to delete when nobody can read it", async () => {
    const path = join(temporaryFolder(), "journal.jsonl");
    writeFileSync(`${path}.lock`, "torn");
    await expect(openJournal(path)).rejects.toMatchObject({ code: "journal-locked", hint: expect.stringContaining(`delete ${path}.lock`) });
  });
});
