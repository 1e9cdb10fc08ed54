import { quote } from "../shown-text.ts";
import type { ChartMetadata, Dependency, Maintainer } from "./chart-metadata.ts";
import type { NoteList } from "./chart-notes.ts";
import { isLooseVersion, versionForm } from "./loose-version.ts";
import type { DependencyDraft, MaintainerDraft, MetadataDraft } from "./metadata-draft.ts";
import { sanitise } from "./sanitise.ts";

/** Why a chart cannot be pushed under its name and version; `undefined` = it can. Source: Helm's Metadata.Validate. */
export function identityProblem(draft: MetadataDraft): string | undefined {
  const name = sanitise(draft.name);
  if (name === "") return "Chart.yaml gives no name";
  if (name === "." || name === ".." || name.includes("/")) return `the name ${quote(name)} is not allowed`;
  if (draft.version === "") return "Chart.yaml gives no version";
  return isLooseVersion(draft.version) ? undefined : `the version ${quote(draft.version)} is not a version`;
}

/** Cleans the texts as Helm does on loading and remarks on what Helm would refuse. The draft's identity must be valid. */
export function finishMetadata(draft: MetadataDraft, notes: NoteList): ChartMetadata {
  noteVersion(draft.version, notes);
  if (!["", "application", "library"].includes(draft.type))
    notes.add("invalid-type", `the type ${quote(draft.type)} is not one that Helm knows`);
  noteEmptyEntries(draft, notes);
  const dependencies = draft.dependencies.filter((dependency) => dependency !== null).map(cleanDependency);
  noteDependencies(dependencies, notes);
  const metadata: ChartMetadata = {
    name: sanitise(draft.name),
    home: sanitise(draft.home),
    sources: draft.sources.map(sanitise),
    version: draft.version,
    description: sanitise(draft.description),
    keywords: draft.keywords.map(sanitise),
    maintainers: draft.maintainers.filter((maintainer) => maintainer !== null).map(cleanMaintainer),
    icon: sanitise(draft.icon),
    apiVersion: draft.apiVersion,
    condition: sanitise(draft.condition),
    tags: sanitise(draft.tags),
    appVersion: sanitise(draft.appVersion),
    deprecated: draft.deprecated,
    annotations: annotationRecord(draft.annotations),
    kubeVersion: sanitise(draft.kubeVersion),
    dependencies,
    type: draft.type,
  };
  dropEmpty(metadata);
  return metadata;
}

function noteVersion(version: string, notes: NoteList): void {
  const form = versionForm(version);
  if (form !== "strict")
    notes.add(form, `the version ${quote(version)} is found by its exact text only, by no range: helm pull --version ${quote(version)}`);
}

function noteEmptyEntries(draft: MetadataDraft, notes: NoteList): void {
  if (draft.maintainers.includes(null)) notes.add("empty-list-entry", "there is an empty entry among the maintainers");
  if (draft.dependencies.includes(null)) notes.add("empty-list-entry", "there is an empty entry among the dependencies");
}

function noteDependencies(dependencies: readonly Dependency[], notes: NoteList): void {
  const taken = new Set<string>();
  for (const { name, alias } of dependencies) {
    if (alias !== undefined && !/^[a-zA-Z0-9_-]+$/.test(alias)) {
      notes.add("invalid-alias", `the alias ${quote(alias)} of dependency ${quote(name)} has characters that Helm refuses`);
    }
    const key = alias ?? name;
    if (taken.has(key)) notes.add("duplicate-dependency", `two dependencies have the name or alias ${quote(key)}`);
    taken.add(key);
  }
}

function cleanMaintainer({ name, email, url }: MaintainerDraft): Maintainer {
  const maintainer: Maintainer = { name: sanitise(name), email: sanitise(email), url: sanitise(url) };
  dropEmpty(maintainer);
  return maintainer;
}

function cleanDependency(draft: DependencyDraft): Dependency {
  const repository = sanitise(draft.repository);
  const name = sanitise(draft.name);
  const rest: Omit<Dependency, "name" | "repository"> = {
    version: sanitise(draft.version),
    condition: sanitise(draft.condition),
    tags: draft.tags.map(sanitise),
    enabled: draft.enabled,
    importValues: draft["import-values"],
    alias: draft.alias,
  };
  dropEmpty(rest);
  return { ...rest, name, repository };
}

function annotationRecord(annotations: ReadonlyMap<string, string>): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (const [key, value] of annotations) record[key] = value;
  return record;
}

/** Leaves out what Go calls empty. */
function dropEmpty(object: object): void {
  for (const [key, value] of Object.entries(object)) if (isEmpty(value)) Reflect.deleteProperty(object, key);
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === "" || value === false;
}
