import { quote } from "../shown-text.ts";
import type { ChartBudget } from "./chart-limits.ts";
import type { NoteList } from "./chart-notes.ts";
import { entryPath } from "./entry-path.ts";
import { gunzip, type GzipEnd } from "./gunzip.ts";
import { walkTar, type TarEntry, type TarWalk } from "./tar-walk.ts";

/** A file of a chart. `data` is there for those that decide how the chart loads. */
export interface ChartFile {
  /** Within the chart, `/` between elements. */
  readonly path: string;
  readonly data?: Buffer;
  /** Seconds since 1970, from the tar header. */
  readonly modified?: number | undefined;
}

export interface WalkedArchive {
  /** In archive order, duplicates included. */
  readonly files: readonly ChartFile[];
  /** A Chart.yaml beside the chart's folder: Helm does not see it, but it may be the only one. */
  readonly stray: readonly ChartFile[];
  /** Its gzip stream ends before the archive does: bytes are missing at its end. */
  readonly cut: boolean;
  /** Not gzip at all. */
  readonly notGzip: boolean;
}

/** Helm 3 and Helm 4 before 4.3 load no file above this. */
const oldFileLimit = 5 * 1024 * 1024;

/** Walks a whole `.tgz`; remarks go to `notes`. @throws archive-too-large */
export async function walkArchive(
  input: Uint8Array | AsyncIterable<Uint8Array>,
  scope: { readonly budget: ChartBudget; readonly notes: NoteList },
): Promise<WalkedArchive> {
  const { budget, notes } = scope;
  const collected = collector(notes);
  const tar = walkTar({
    onHeader: () => budget.spendEntry(),
    onEntry(entry) {
      budget.spendFile(entry.size);
      return collected.wants(entry);
    },
    onFile: collected.take,
    onUnsupported: (name) => notes.add("unsupported-entry", `the entry ${quote(name)} has a type that was not looked at`),
  });
  const inflated = (bytes: Buffer): boolean => {
    budget.spendInflated(bytes.byteLength);
    return tar.write(bytes);
  };
  const gzip = await gunzip(input, inflated, () => budget.spendEntry());
  noteDamage(tar, gzip, notes);
  return { files: collected.files, stray: collected.stray, cut: gzip.cut ?? false, notGzip: gzip.notGzip ?? false };
}

function noteDamage(tar: TarWalk, gzip: GzipEnd, notes: NoteList): void {
  // Helm reads no further than the archive's end mark, and so do we: what is wrong after it, nobody notices.
  const problem = gzip.problem ?? tar.end();
  if (problem !== undefined) notes.add("damaged-archive", `the archive cannot be read to its end: ${problem}`);
}

function collector(notes: NoteList): {
  files: ChartFile[];
  stray: ChartFile[];
  wants: (entry: TarEntry) => boolean;
  take: (entry: TarEntry, data: Buffer) => void;
} {
  const files: ChartFile[] = [];
  const stray: ChartFile[] = [];
  const seen = new Set<string>();
  return {
    files,
    stray,
    wants(entry) {
      noteEntry(entry, notes);
      const place = entryPath(entry.name);
      if ("problem" in place) {
        notes.add(place.problem, `the entry ${quote(entry.name)} is not one that Helm unpacks`);
        return place.path === "Chart.yaml";
      }
      if (seen.has(place.path)) notes.add("duplicate-entry", `the file ${quote(place.path)} is there more than once`);
      seen.add(place.path);
      if (isDecisive(place.path)) return true;
      if (place.path.startsWith("charts/")) files.push({ path: place.path });
      return false;
    },
    take(entry, data) {
      const place = entryPath(entry.name);
      const list = "problem" in place ? stray : files;
      list.push({ path: place.path ?? "", data, modified: entry.modified });
    },
  };
}

function noteEntry(entry: TarEntry, notes: NoteList): void {
  if (entry.kind === "link") notes.add("link", `${quote(entry.name)} is a link or device, which Helm loads as an empty file`);
  if (entry.size > oldFileLimit) {
    notes.add("file-over-5-mib", `the file ${quote(entry.name)} has ${entry.size} bytes: Helm 3 and Helm before 4.3 do not load it`);
  }
}

const decisiveFiles: ReadonlySet<string> = new Set(["Chart.yaml", "requirements.yaml", "Chart.lock", "requirements.lock", "values.yaml"]);

/** Whether a file decides how Helm loads the chart or one of the charts unpacked below `charts/`. */
function isDecisive(path: string): boolean {
  const within = path.replace(/^(?:charts\/[^/]+\/)+/, "");
  return decisiveFiles.has(within) || /^charts\/[^/]+\.tgz$/.test(within);
}
