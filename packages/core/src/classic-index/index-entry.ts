import { isLooseVersion } from "../chart/loose-version.ts";
import { ChartferryError } from "../errors.ts";
import type { Note } from "../note.ts";
import type { EntryProblem, SourceEntry } from "../source/chart-source.ts";
import { shown } from "../shown-text.ts";
import { readDependencies } from "./index-dependencies.ts";
import { entryFields } from "./index-keys.ts";
import { isMap, listOf } from "./parsed-value.ts";
import { rememberVersion } from "./version-set.ts";
import type { VersionSet } from "./version-set.ts";

/** A version, an entry that cannot be used, or a remark on the index itself. */
export type IndexItem =
  /** `urls` as written in the index, not yet resolved. */
  | { readonly kind: "entry"; readonly entry: SourceEntry }
  | { readonly kind: "problem"; readonly problem: EntryProblem }
  | { readonly kind: "note"; readonly note: Note };

/** What the index says of one version, not yet judged. */
export interface RawEntry {
  /** The key under `entries`. */
  readonly chart: string;
  readonly value: unknown;
  /** Where the entry begins; 0 = unknown. */
  readonly line: number;
  readonly duplicateKeys?: boolean;
}

/** Per entry. A list beyond these is cut with a note; nobody has that many mirrors. */
const mostUrls = 32;
const longestUrl = 8192;
const longestField = 512;

/** Judges one entry: what cannot be copied becomes a problem, what is merely odd a note. Urls stay as written. */
export function readIndexEntry(raw: RawEntry, seen: VersionSet): IndexItem {
  const fields = isMap(raw.value) ? entryFields(raw.value) : undefined;
  if (fields === undefined) return problem(raw, "", isNull(raw.value) ? "the entry is null" : "the entry is no map of fields");
  const version = scalar(fields["version"]);
  const fault = faultOf(raw.chart, fields, version);
  if (fault !== undefined) return problem(raw, version ?? "", fault);
  const notes: Note[] = [];
  const urls = readUrls(fields["urls"], notes);
  if (urls.length === 0) return problem(raw, version ?? "", "the entry has no urls");
  const entry = { chart: raw.chart, version: version ?? "", urls, ...readOptional(fields, notes), notes };
  noteOddities(raw, fields, notes);
  return unlessSeen(raw, entry, seen);
}

/** `null` itself, or the text that stands for it where scalars keep their text. */
function isNull(value: unknown): boolean {
  return value === null || value === "null" || value === "~";
}

/** A problem that names the entry and its line. */
export function problem(raw: Omit<RawEntry, "value">, version: string, reason: string): IndexItem {
  const where = raw.line > 0 ? ` (line ${raw.line} of the index)` : "";
  const error = new ChartferryError(`${shown(raw.chart)} ${shown(version)}`.trimEnd() + `: ${reason}${where}`, {
    code: "entry-invalid",
    operation: "read index",
    repository: shown(raw.chart),
    version: version === "" ? undefined : shown(version),
    hint: "Repair the entry in the index, or regenerate the index with helm repo index",
  });
  return { kind: "problem", problem: { chart: raw.chart, version, error } };
}

/** `sha256:<hex>` from what indexes hold: bare hex in either case, or with the prefix. Anything else is no digest we could check. */
function normaliseIndexDigest(text: string): string | undefined {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text.trim())?.[1];
  return hex === undefined ? undefined : `sha256:${hex.toLowerCase()}`;
}

function faultOf(chart: string, fields: Record<string, unknown>, version: string | undefined): string | undefined {
  if (chart === "" || chart === "." || chart === ".." || /[/\\\p{Cc}]/u.test(chart) || chart.length > longestField)
    return "the name is not valid";
  if (typeof fields["version"] === "number") return "the version is a number, so its text is lost (1.10 reads as 1.1): quote it";
  if (version === undefined) return "the entry has no version";
  if (!isLooseVersion(version)) return "the version is not a semantic version";
  return undefined;
}

/** The text of a scalar; absent for null, maps and lists. */
function scalar(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value === "" || value === "~" || /^null$/i.test(value)) return undefined;
  return value;
}

function readUrls(value: unknown, notes: Note[]): string[] {
  const list = listOf(value) ?? [value];
  const urls = list.slice(0, mostUrls).flatMap((url) => {
    const text = typeof url === "string" ? scalar(url.trim()) : undefined;
    return text === undefined || text.length > longestUrl ? [] : [text];
  });
  const dropped = list.length - urls.length;
  if (urls.length > 0 && dropped > 0)
    notes.push({ code: "urls-dropped", text: `${dropped} of its urls are no usable text and are left out` });
  if (urls.length > 0 && !Array.isArray(value)) notes.push({ code: "urls-not-a-list", text: "its urls are one text instead of a list" });
  return urls;
}

function readOptional(fields: Record<string, unknown>, notes: Note[]): Partial<SourceEntry> {
  const created = scalar(fields["created"]);
  const appVersion = scalar(fields["appVersion"]);
  const kind = scalar(fields["type"]);
  const deprecated = scalar(fields["deprecated"]);
  const digest = readDigest(fields["digest"], notes);
  const dependencies = readDependencies(fields["dependencies"]);
  return {
    ...(created === undefined ? {} : { created }),
    ...(digest === undefined ? {} : { digest }),
    ...(deprecated === undefined ? {} : { deprecated: /^(?:true|yes|on|y)$/i.test(deprecated) }),
    ...(appVersion === undefined ? {} : { appVersion: appVersion.slice(0, longestField) }),
    ...(kind === undefined ? {} : { kind: kind.slice(0, longestField) }),
    ...(dependencies.length === 0 ? {} : { dependencies }),
  };
}

function readDigest(value: unknown, notes: Note[]): string | undefined {
  const text = scalar(value);
  const digest = text === undefined ? undefined : normaliseIndexDigest(text);
  if (digest === undefined && value !== undefined && value !== null && value !== "") {
    const what = text === undefined ? "" : ` (${shown(text)})`;
    notes.push({ code: "digest-unreadable", text: `its digest is no sha256${what}: it counts as missing` });
  }
  return digest;
}

function noteOddities(raw: RawEntry, fields: Record<string, unknown>, notes: Note[]): void {
  const name = scalar(fields["name"]);
  if (name !== raw.chart) {
    const inside = name === undefined ? "none" : shown(name);
    notes.push({ code: "name-differs", text: `it stands under ${shown(raw.chart)} and names itself ${inside}: the key counts` });
  }
  if (raw.duplicateKeys === true) notes.push({ code: "duplicate-key", text: "the entry names a key twice: the last one counts" });
  if (/^true$/i.test(scalar(fields["removed"]) ?? ""))
    notes.push({ code: "marked-removed", text: "the index marks it as removed; Helm ignores that" });
}

function unlessSeen(raw: RawEntry, entry: SourceEntry, seen: VersionSet): IndexItem {
  const before = rememberVersion(seen, `${entry.chart}\n${entry.version}`, entry.digest ?? "");
  if (before === "new") return { kind: "entry", entry: detached(entry) };
  if (before === "other") return problem(raw, entry.version, "the version stands twice with different digests: the first one is used");
  const text = `${shown(entry.chart)} ${shown(entry.version)} stands twice with the same digest: the first one is used`;
  return { kind: "note", note: { code: "duplicate-version", text } };
}

/** A copy whose strings are no slices of the index text: kept by the caller, 83,000 entries take 44 MB instead of 148 MB. */
function detached(entry: SourceEntry): SourceEntry {
  const copy: SourceEntry = JSON.parse(JSON.stringify(entry));
  return copy;
}
