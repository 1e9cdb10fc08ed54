import { createHash } from "node:crypto";
import { resolve } from "node:path";

import { closeAll, type Note } from "@chartferry/core";

import { realPlace } from "../real-place.ts";
import { openJournal, openJournalToRead, type Journal } from "./journal.ts";
import type { MigrateOptions } from "../migrate-options.ts";

/** The journal of one target, and the key that its lines carry there. */
export interface TargetJournal {
  readonly journal: Journal;
  readonly key: string;
}

/** What a recorded digest depends on: with another source, target, mapping or rule for `created` it says nothing. */
export interface JournalScope {
  readonly source: string;
  readonly target: string;
  /** How names and tags are derived from the source's. */
  readonly mapping: string;
  readonly createdPolicy: string;
}

export function journalKey({ source, target, mapping, createdPolicy }: JournalScope): string {
  return createHash("sha256")
    .update(JSON.stringify([source, target, mapping, createdPolicy]))
    .digest("hex")
    .slice(0, 24);
}

/** Opens each file once, however many targets write to it. @throws journal-locked, file-unwritable, usage (a file is no journal) */
export async function openTargetJournals(
  { source, targets, createdPolicy = "", journalPath }: MigrateOptions,
  { mapping, use = "write" }: { readonly mapping: string; readonly use?: "write" | "read" },
): Promise<ReadonlyMap<string, TargetJournal>> {
  const open = use === "write" ? openJournal : openJournalToRead;
  const files = new Map<string, Journal>();
  const journals = new Map<string, TargetJournal>();
  try {
    for (const target of targets) {
      const path = journalPath?.(target, source.id);
      if (path === undefined) continue;
      const place = await realPlace(path);
      const journal = files.get(place) ?? (await open(resolve(path)));
      files.set(place, journal);
      journals.set(target.id, { journal, key: journalKey({ source: source.id, target: target.id, mapping, createdPolicy }) });
    }
    return journals;
  } catch (error) {
    await closeJournals(journals);
    throw error;
  }
}

/** Writes what still waits, and tells what could not be written. */
export function flushJournals(journals: ReadonlyMap<string, TargetJournal>): Note[] {
  return distinctJournals(journals).flatMap((journal) => {
    journal.flush();
    if (journal.fault === undefined) return [];
    return [{ code: "journal-unwritable", text: `${journal.fault.message}; the next run asks the registry a little more` }];
  });
}

export async function closeJournals(journals: ReadonlyMap<string, TargetJournal>): Promise<void> {
  await closeAll(distinctJournals(journals).map((journal) => () => journal.close()));
}

function distinctJournals(journals: ReadonlyMap<string, TargetJournal>): Journal[] {
  return [...new Set([...journals.values()].map((each) => each.journal))];
}
