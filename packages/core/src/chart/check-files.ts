import { quote } from "../shown-text.ts";
import type { NoteList, ChartNoteCode } from "./chart-notes.ts";
import { checkLock } from "./decode-metadata.ts";
import { decodeAnything, type Complaints } from "./decode-value.ts";
import { checkYamlMap, TooDeepError } from "./parse-yaml.ts";
import type { ChartFile } from "./walk-archive.ts";
import { readYamlFile, textOf, textProblem } from "./yaml-file.ts";

/** Above this many bytes values.yaml is not checked: it decides nothing about what is pushed, and parsing costs time. */
const largestValues = 512 * 1024;

/** Remarks on the files besides Chart.yaml that stop Helm from loading a chart. */
export function checkFiles(files: readonly ChartFile[], notes: NoteList): void {
  for (const file of files) {
    if (file.data === undefined) continue;
    if (file.path === "values.yaml") checkValues(file.data, notes);
    if (file.path === "Chart.lock" || file.path === "requirements.lock") checkLockFile(file.path, file.data, notes);
  }
}

function checkValues(data: Buffer, notes: NoteList): void {
  if (data.byteLength > largestValues) return;
  const text = textOf(data);
  if (documentStart.test(text.replace(leadingMarker, ""))) {
    notes.add("several-values-documents", "values.yaml has several documents: Helm 3 reads the first, Helm 4 merges them");
  }
  const problem = problemOf("values.yaml", notes, () => {
    // Helm 3 reads the first document, Helm 4 all of them.
    for (const document of text.replace(leadingMarker, "").split(documentStart)) {
      const complaint = documentProblem(document);
      if (complaint !== undefined) return complaint;
    }
    return textProblem(data);
  });
  note(notes, "bad-values-yaml", problem === undefined ? undefined : `values.yaml cannot be read: ${quote(problem)}`);
}

function documentProblem(document: string): string | undefined {
  const complaints: Complaints = [];
  const typed = checkYamlMap(document, complaints);
  if (typed !== undefined) decodeAnything(typed, null, { path: "", complaints });
  return complaints[0];
}

const leadingMarker = /^(?:[ \t]*(?:#.*)?\r?\n)*---[ \t\r]*$/m;
const documentStart = /^---(?:[ \t\r]|$)/m;

function checkLockFile(name: string, data: Buffer, notes: NoteList): void {
  const problem = problemOf(name, notes, () => {
    const file = readYamlFile(data);
    if (file.cut) notes.add("not-checked", `${name} is not checked wholly: it is nested deeper than chartferry follows`);
    return checkLock(file.node)[0] ?? file.refusals[0] ?? file.problem;
  });
  note(notes, "bad-lock", problem === undefined ? undefined : `${name} cannot be read: ${quote(problem)}`);
}

function problemOf(name: string, notes: NoteList, check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof TooDeepError) {
      notes.add("not-checked", `${name} is not checked: ${error.message}`);
      return undefined;
    }
    return error instanceof Error ? error.message : "it is not YAML";
  }
}

function note(notes: NoteList, code: ChartNoteCode, text: string | undefined): void {
  if (text !== undefined) notes.add(code, text);
}
