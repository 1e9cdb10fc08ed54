import { quote, shown, type EntryDependency, type Note, type SourceEntry } from "@chartferry/core";

import { savedFile } from "../choose/map-entry.ts";
import { versionNotes } from "../choose/version-notes.ts";

/** Places that charts are moved away from: urls, as they stand in `dependencies`. */
export type FormerHomes = readonly string[];

export interface IndexQuestion {
  readonly homes: FormerHomes;
  /** Whether provenance travels. */
  readonly provenance: boolean;
  /** The chart is opened: digest and provenance are remarked on there. */
  readonly deep: boolean;
  /** At the target. Default: it is named as the chart. */
  readonly repository?: string;
}

/** Names told in one text. */
const namesShown = 3;

/** What will hurt later, told by the index alone: nothing of it keeps a version from being pushed. */
export function indexWarnings(
  entry: SourceEntry,
  tags: readonly string[],
  { homes, provenance, deep, repository = entry.chart }: IndexQuestion,
): Note[] {
  const saved = tags.map((tag) => savedFile(repository, tag));
  const unopened = deep ? [] : [...digestWarnings(entry), ...(provenance ? fileWarnings(entry, saved) : [])];
  return [...versionNotes(tags), ...unopened, ...dependencyWarnings(entry, homes)];
}

/** A registry tells a layer's digest itself. */
function digestWarnings({ digest, urls }: SourceEntry): Note[] {
  if (digest !== undefined || urls.every((url) => url.startsWith("oci:"))) return [];
  return [{ code: "digest-missing", text: "the index has no digest for it: its bytes cannot be checked" }];
}

/** `helm package` names the file after chart and version, and so does its provenance. What is saved under a mapped name is another remark's. */
function fileWarnings(entry: SourceEntry, saved: readonly string[]): Note[] {
  const wanted = `${entry.chart}-${entry.version}.tgz`;
  const file = fileOf(entry);
  if (file === undefined || file === wanted || !saved.includes(wanted)) return [];
  return [
    {
      code: "file-named-otherwise",
      text: `its file is ${quote(file)}: a provenance made for that name does not verify as ${quote(wanted)}, which helm pull saves`,
      hint: "if it is signed, look with --deep at the name that its provenance gives",
    },
  ];
}

/** The archive's name at the source, where its url ends in one. */
export function fileOf({ urls: [url = ""] }: Pick<SourceEntry, "urls">): string | undefined {
  const file = /^(?:https?|file):[^?#]*\/([^/?#]+\.tgz)(?:[?#]|$)/i.exec(url)?.[1];
  return file === undefined ? undefined : decoded(file);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Of those that the entry has; an opened chart may have more of them. */
export function dependencyWarnings(entry: Pick<SourceEntry, "urls" | "dependencies">, homes: FormerHomes): Note[] {
  const own = [...homes, ...entry.urls.map((url) => url.slice(0, url.lastIndexOf("/")))].map(comparable);
  const left = (entry.dependencies ?? []).filter(({ repository }) => own.some((home) => isWithin(comparable(repository), home)));
  const [first] = left;
  if (first === undefined) return [];
  return [
    {
      code: "dependency-at-former-home",
      text: `Helm goes on looking for ${namesOf(left)} at ${shown(first.repository)}, as its dependencies say`,
      hint: "keep the old repository until a version is published whose dependencies name oci://HOST/NAMESPACE",
    },
  ];
}

function namesOf(dependencies: readonly EntryDependency[]): string {
  const names = dependencies.slice(0, namesShown).map(({ name }) => quote(name));
  const more = dependencies.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Scheme, trailing slashes and the index's own name make no difference. */
function comparable(url: string): string {
  return url
    .replace(/^https?:/i, "")
    .replace(/[?#].*$/s, "")
    .replace(/\/index\.ya?ml$/, "")
    .replace(/\/+$/, "")
    .toLowerCase();
}

function isWithin(url: string, home: string): boolean {
  return home.startsWith("//") && (url === home || url.startsWith(`${home}/`));
}
