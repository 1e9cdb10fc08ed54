import type { Note } from "../note.ts";

/**
 * Everything that reading a chart may remark on: the closed list. `refusedBy` says which Helm would not load such a chart:
 * `all`, `helm3` (3.x, and 4.x before 4.3), `none` (a warning only). Such charts are pushed all the same.
 */
export const chartNotes = {
  "absolute-path": { refusedBy: "all", meaning: "a file name is absolute below the chart's folder" },
  "parent-path": { refusedBy: "all", meaning: "a file name starts with `..`" },
  "drive-path": { refusedBy: "all", meaning: "a file name starts with a drive letter" },
  "content-outside-base": { refusedBy: "all", meaning: "a file lies beside the chart's folder, not in it" },
  "damaged-archive": { refusedBy: "all", meaning: "the archive cannot be read to its end" },
  "unsupported-entry": { refusedBy: "none", meaning: "an entry of an unusual type was not looked at" },
  link: { refusedBy: "none", meaning: "a link, which Helm loads as an empty file" },
  "duplicate-entry": { refusedBy: "none", meaning: "two entries have the same name" },
  "file-over-5-mib": { refusedBy: "helm3", meaning: "a file above 5 MiB, the limit up to Helm 4.2" },
  "bad-chart-yaml": { refusedBy: "all", meaning: "Chart.yaml has a part of the wrong type" },
  "bad-requirements-yaml": { refusedBy: "all", meaning: "requirements.yaml cannot be read" },
  "bad-lock": { refusedBy: "all", meaning: "Chart.lock or requirements.lock cannot be read" },
  "bad-values-yaml": { refusedBy: "all", meaning: "values.yaml cannot be read" },
  "not-checked": { refusedBy: "none", meaning: "a YAML file is nested deeper than is followed here: it was not read, or not wholly" },
  "several-values-documents": {
    refusedBy: "none",
    meaning: "values.yaml has several documents: Helm 3 reads the first, Helm 4 merges them",
  },
  "bad-subchart": { refusedBy: "all", meaning: "something below charts/ is not a chart that Helm loads" },
  "invalid-type": { refusedBy: "all", meaning: "the chart's type is neither application nor library" },
  "invalid-alias": { refusedBy: "all", meaning: "a dependency's alias has other characters than letters, digits, `_`, `-`" },
  "duplicate-dependency": { refusedBy: "all", meaning: "two dependencies have the same name or alias" },
  "empty-list-entry": { refusedBy: "all", meaning: "an empty entry among maintainers or dependencies" },
  "leading-v": { refusedBy: "none", meaning: "the version starts with v: Helm finds it by its exact text only" },
  "two-part-version": { refusedBy: "none", meaning: "the version has fewer than three numbers: Helm finds it by its exact text only" },
  "loose-version": { refusedBy: "none", meaning: "the version is no strict SemVer: Helm finds it by its exact text only" },
  "not-text": { refusedBy: "all", meaning: "a YAML file is neither UTF-8 nor UTF-16 text, or has control characters" },
} as const satisfies Record<string, { refusedBy: "all" | "helm3" | "none"; meaning: string }>;

export type ChartNoteCode = keyof typeof chartNotes;

export interface ChartNote extends Note {
  readonly code: ChartNoteCode;
}

const refusedByAll: ReadonlySet<string> = new Set(
  Object.entries(chartNotes).flatMap(([code, { refusedBy }]) => (refusedBy === "all" ? [code] : [])),
);

/** Whether every Helm would refuse to load a chart with this remark. */
export function helmRefuses(note: Note): boolean {
  return refusedByAll.has(note.code);
}

/** Remarks per chart; a hostile archive may give rise to any number. */
const mostNotes = 50;

/** Collects remarks: each once, and a bounded number. */
export interface NoteList {
  readonly notes: ChartNote[];
  /** `text` is a sentence; foreign text in it must have gone through `quote`. */
  add(code: ChartNoteCode, text: string): void;
}

export function createNoteList(): NoteList {
  const notes: ChartNote[] = [];
  const seen = new Set<string>();
  return {
    notes,
    add(code, text) {
      const key = `${code} ${text}`;
      if (seen.has(key) || (notes.length >= mostNotes && notes.some((note) => note.code === code))) return;
      seen.add(key);
      notes.push({ code, text });
    },
  };
}
