import { quote } from "../shown-text.ts";
import type { NoteList, ChartNoteCode } from "./chart-notes.ts";
import { checkLock } from "./decode-metadata.ts";
import { decodeYaml } from "./decode-yaml.ts";
import { decodeAnything, type Complaints } from "./decode-value.ts";
import { checkYamlMap, TooDeepError } from "./parse-yaml.ts";
import { isPlainMap } from "./plain-yaml.ts";
import type { ChartFile } from "./walk-archive.ts";
import { readYamlFile } from "./yaml-file.ts";

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
  const { text, problem: noText } = decodeYaml(data);
  const documents = documentsOf(text);
  if (documents.length > 1) {
    notes.add("several-values-documents", "values.yaml has several documents: Helm 3 reads the first, Helm 4 merges them");
  }
  const problem = problemOf("values.yaml", notes, () => {
    // Helm 3 reads the first document, Helm 4 all of them.
    for (const document of documents) {
      const complaint = documentProblem(document);
      if (complaint !== undefined) return complaint;
    }
    return noText;
  });
  note(notes, "bad-values-yaml", problem === undefined ? undefined : `values.yaml cannot be read: ${quote(problem)}`);
}

function documentProblem(document: string): string | undefined {
  if (isPlainMap(document)) return undefined;
  const complaints: Complaints = [];
  const typed = checkYamlMap(document, complaints);
  if (typed !== undefined) decodeAnything(typed, null, { path: "", complaints });
  return complaints[0];
}

const documentStart = /^---(?:[ \t\r]|$)/m;
/** A line that may stand before the first document's own marker: blank, a comment, or a directive. */
const beforeMarker = /^(?:[ \t]*(?:#|\r?$)|%)/;

/** The documents of the text; a marker before the first one parts nothing. */
function documentsOf(text: string): string[] {
  const start = firstBody(text);
  const [first = "", ...rest] = text.slice(start).split(documentStart);
  return [text.slice(0, start) + first, ...rest];
}

/** Where the first document goes on behind its marker, 0 where it has none. Each line is looked at once: values.yaml may be blank lines only. */
function firstBody(text: string): number {
  for (let from = 0, end = 0; end >= 0; from = end + 1) {
    end = text.indexOf("\n", from);
    const line = text.slice(from, end < 0 ? text.length : end);
    if (documentStart.test(line)) return from + 3;
    if (!beforeMarker.test(line)) return 0;
  }
  return 0;
}

function checkLockFile(name: string, data: Buffer, notes: NoteList): void {
  const problem = problemOf(name, notes, () => {
    const file = readYamlFile(data);
    if (file.cut) notes.add("not-checked", `${name} is not checked wholly: it is nested deeper than is followed here`);
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
