import { quote, shown } from "../shown-text.ts";
import type { ChartBudget } from "./chart-limits.ts";
import { createNoteList, helmRefuses, type NoteList } from "./chart-notes.ts";
import { checkFiles } from "./check-files.ts";
import { decodeMetadata } from "./decode-metadata.ts";
import { finishMetadata, identityProblem } from "./finish-metadata.ts";
import { emptyMetadata, type MetadataDraft } from "./metadata-draft.ts";
import { TooDeepError } from "./parse-yaml.ts";
import { walkArchive, type ChartFile } from "./walk-archive.ts";
import { readYamlFile } from "./yaml-file.ts";

export interface LoadScope {
  readonly budget: ChartBudget;
  readonly notes: NoteList;
  /** 0 = the chart itself. */
  readonly depth: number;
}

/** The metadata that a chart's files give when decoded as Helm does: every Chart.yaml, then every requirements.yaml, each on top of the rest. */
export function loadMetadata(files: readonly ChartFile[], notes: NoteList): MetadataDraft | undefined {
  const charts = files.filter((file) => file.path === "Chart.yaml");
  // Helm takes name and version from requirements.yaml alone, if need be.
  if (charts.length === 0 && !files.some((file) => file.path === "requirements.yaml")) return undefined;
  const draft = emptyMetadata();
  for (const file of charts) {
    decodeFile(file, draft, notes);
    if (draft.apiVersion === "") draft.apiVersion = "v1";
  }
  for (const file of files) if (file.path === "requirements.yaml") decodeFile(file, draft, notes);
  if (draft.apiVersion === "") notes.add("bad-chart-yaml", "there is no Chart.yaml, and requirements.yaml gives no apiVersion");
  return draft;
}

function decodeFile(file: ChartFile, draft: MetadataDraft, notes: NoteList): void {
  const code = file.path === "Chart.yaml" ? "bad-chart-yaml" : "bad-requirements-yaml";
  try {
    const { node, problem, refusals, cut } = readYamlFile(file.data ?? Buffer.alloc(0));
    if (cut) notes.add("not-checked", `${file.path} has keys that are nested deeper than is followed here: they are left out`);
    for (const refusal of refusals) notes.add(code, `${file.path} is YAML that Helm does not read: ${quote(refusal)}`);
    if (problem !== undefined) notes.add("not-text", `${file.path} is not what YAML calls text: ${problem}`);
    for (const complaint of decodeMetadata(node, draft)) notes.add(code, `${file.path}: ${quote(complaint)}`);
  } catch (error) {
    const deep = error instanceof TooDeepError;
    notes.add(
      deep ? "not-checked" : code,
      `${file.path} cannot be read: ${quote(error instanceof Error ? error.message : "it is not YAML")}`,
    );
  }
}

/** Remarks on everything else that Helm would refuse: values, lock, the charts below `charts/`. @throws archive-too-large */
export async function checkChart(files: readonly ChartFile[], scope: LoadScope): Promise<void> {
  checkFiles(files, scope.notes);
  for (const [name, group] of groupSubcharts(files)) {
    if (name.startsWith("_") || name.startsWith(".")) continue;
    const problem = await subchartProblem(name, group, scope);
    if (problem !== undefined) scope.notes.add("bad-subchart", `charts/${shown(name)} is not a chart that Helm loads: ${problem}`);
  }
}

/** Files below `charts/` by their first element, paths cut to what follows `charts/`. */
function groupSubcharts(files: readonly ChartFile[]): Map<string, ChartFile[]> {
  const groups = new Map<string, ChartFile[]>();
  for (const file of files) {
    if (!file.path.startsWith("charts/") || file.path.endsWith(".prov")) continue;
    const within = file.path.slice("charts/".length);
    const name = within.split("/", 1)[0] ?? "";
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [{ ...file, path: within }]);
    else group.push({ ...file, path: within });
  }
  return groups;
}

async function subchartProblem(name: string, group: readonly ChartFile[], scope: LoadScope): Promise<string | undefined> {
  const depth = scope.depth + 1;
  scope.budget.enter(depth);
  const notes = createNoteList();
  const files = name.endsWith(".tgz") ? await unpack(name, group, { ...scope, notes }) : unpackedFiles(name, group);
  if (typeof files === "string") return files;
  const draft = loadMetadata(files, notes);
  if (draft === undefined) return "Chart.yaml is missing";
  const identity = identityProblem(draft);
  if (identity !== undefined) return identity;
  finishMetadata(draft, notes);
  await checkChart(files, { ...scope, notes, depth });
  for (const note of notes.notes) if (note.code === "file-over-5-mib") scope.notes.add(note.code, note.text);
  return notes.notes.find(helmRefuses)?.text;
}

function unpackedFiles(name: string, group: readonly ChartFile[]): ChartFile[] {
  const within = group.filter((file) => file.path.includes("/"));
  return within.map((file) => ({ ...file, path: file.path.slice(name.length + 1) }));
}

async function unpack(name: string, group: readonly ChartFile[], scope: LoadScope): Promise<readonly ChartFile[] | string> {
  const [first] = group;
  if (first?.path !== name || first.data === undefined) return "it is not a packed chart";
  const archive = await walkArchive(first.data, scope);
  return archive.notGzip ? "it is not gzip" : archive.files;
}
