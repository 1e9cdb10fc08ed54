import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { requireTool } from "../support/real-tools.ts";
import { sha256 } from "../runs/read-registry.ts";

/** One entry of a real repository, with what the files beside its index say of it. */
export interface CorpusEntry {
  readonly chart: string;
  readonly version: string;
  readonly created: string;
  readonly url: string;
  /** Of the file with the url's name beside the index, whether or not it is there. */
  readonly file: string;
  readonly state: "sound" | "missing" | "mismatch";
  /** `sha256:…` of the file as it is; empty when it is missing. */
  readonly layer: string;
  /** Digest of the manifest that the real Helm writes for the file at `created`; empty where it cannot. */
  readonly manifest: string;
}

export interface CorpusRepository {
  readonly folder: string;
  readonly entries: readonly CorpusEntry[];
  readonly sound: readonly CorpusEntry[];
  readonly charts: readonly string[];
}

/** Reads `index.yaml` line by line with no YAML parser at all: what `helm repo index` writes has one shape. */
export function readCorpus(name: "stakater" | "azure-samples"): CorpusRepository {
  const corpus = requireTool("corpus");
  const folder = join(corpus, name);
  const helmDigests = readHelmDigests(join(corpus, `${name}-helm-digests.tsv`));
  const entries = readIndexLines(readFileSync(join(folder, "index.yaml"), "utf8")).map((fields) => {
    const { name: chart = "", version = "", created = "", digest = "", urls: url = "" } = Object.fromEntries(fields);
    const file = join(folder, basename(url));
    const layer = existsSync(file) ? sha256(readFileSync(file)) : "";
    const state = layer === "" ? "missing" : layer === `sha256:${digest}` ? "sound" : "mismatch";
    return { chart, version, created, url, file, layer, state, manifest: helmDigests.get(`${chart} ${version}`) ?? "" } as const;
  });
  const sound = entries.filter(({ state }) => state === "sound");
  return { folder, entries, sound, charts: [...new Set(entries.map(({ chart }) => chart))] };
}

/** The scalar fields of each entry, and under `urls` its first url. */
function readIndexLines(text: string): Map<string, string>[] {
  return text
    .split(/^ {2}- /mu)
    .slice(1)
    .map((entry) => new Map(entry.split(/^ {4}(?=\w)/mu).map(readField)));
}

/** `name: value`, or `name:` and items on lines of their own, of which the first is taken. */
function readField(text: string): [name: string, value: string] {
  const [, name = "", value = "", item = ""] = /^(\w+): ?([^\n]*)\n(?: {4}- ([^\n]*))?/u.exec(text) ?? [];
  return [name, unquoted(value || item)];
}

function unquoted(value: string): string {
  return value.replace(/^(["'])(.*)\1$/u, "$2");
}

/** Columns: chart, version, layer, created (UTC, whole seconds), manifest. Rows that Helm could not push have no manifest digest. */
function readHelmDigests(file: string): Map<string, string> {
  const rows = readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
  return new Map(
    rows
      .map((row) => row.split("\t"))
      .filter((columns) => columns[4]?.startsWith("sha256:"))
      .map(([chart, version, , , manifest = ""]) => [`${chart} ${version}`, manifest]),
  );
}
