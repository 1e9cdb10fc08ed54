import { join } from "node:path";

import { digestOf } from "@chartferry/core";
import { expect, it, vi } from "vitest";

import { temporaryFolder } from "../testing/temporary-folder.ts";
import { openJournal } from "./journal.ts";

// Two texts that meet cannot be found: the hash is another in every process.
vi.mock("../tables/hash-text.ts", () => ({ hashText: () => 7 }));

it("finds no other version's line where the hashes of two meet", async () => {
  const journal = await openJournal(join(temporaryFolder(), "journal.jsonl"));
  const entry = { key: "k", chart: "web", version: "1.0.0", manifest: digestOf(Buffer.from("web")) };
  journal.append(entry);
  journal.flush();
  expect(journal.find("k", "web", "1.0.0")).toEqual(entry);
  expect([journal.find("k", "web", "1.1.0"), journal.find("k", "db", "1.0.0"), journal.find("o", "web", "1.0.0")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  await journal.close();
});
