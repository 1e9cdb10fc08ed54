import type { JournalEntry } from "../keep/journal.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** What a journal may hold of a version. */
export const entry = (version: string, digit = "a"): JournalEntry => ({
  key: "k",
  chart: "web",
  version,
  manifest: digest(digit),
  layer: digest("b"),
});
