import { randomBytes } from "node:crypto";
import { lstat, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { ChartferryError, openStandingChart, versionOf, type ChartStore, type Descriptor, type Reference } from "@chartferry/core";

import { makeDestination, unwritable } from "./destination-folder.ts";

export interface PullOptions {
  /** With a tag or a digest. */
  readonly reference: Reference;
  /** The reference's repository. */
  readonly store: ChartStore;
  /** Made when it is not there, once the chart is known to be. */
  readonly directory: string;
  /** Whether the provenance file is fetched as well, where there is one. */
  readonly provenance?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface PulledChart {
  readonly path: string;
  /** Absent where none was asked for or the chart has none. */
  readonly provenancePath?: string;
  readonly manifestDigest: string;
  readonly layerDigest: string;
}

/**
 * Fetches one chart to a file of the name that Helm gives it: `name-1.0.0+b1.tgz`, or `name@sha256-<hex>.tgz` for a digest. The file
 * appears whole and checked, or not at all. @throws manifest-unknown, not-a-chart, digest-mismatch, conflict (tag and digest differ) …
 */
export async function pullChart({ reference, store, directory, provenance = false, signal }: PullOptions): Promise<PulledChart> {
  const wanted = reference.digest ?? reference.tag;
  if (wanted === undefined) throw noVersion(reference);
  await checkTag(store, reference, signal);
  const standing = await openStandingChart(store, wanted, { signal });
  await makeDestination(directory);
  const path = join(directory, fileName(reference));
  await save(path, store.fetchBlob(standing.chart, { signal }));
  const facts = { path, manifestDigest: standing.manifest.digest, layerDigest: standing.chart.digest };
  if (!provenance || standing.provenance === undefined) return facts;
  return { ...facts, provenancePath: await saveProvenance(`${path}.prov`, store, { descriptor: standing.provenance, signal }) };
}

/** Where a tag and a digest are given, they must mean the same: Helm passes over this when the look-up fails. */
async function checkTag(store: ChartStore, { tag, digest }: Reference, signal: AbortSignal | undefined): Promise<void> {
  if (tag === undefined || digest === undefined) return;
  const standing = await store.resolve(tag, { signal });
  if (standing?.digest === digest) return;
  const found = standing === undefined ? "is not there" : `has digest ${standing.digest}`;
  throw new ChartferryError(`${store.registry}/${store.repository}:${tag} ${found}, not ${digest}`, {
    code: standing === undefined ? "manifest-unknown" : "digest-mismatch",
    operation: "pull chart",
    hint: "give the tag or the digest alone",
  });
}

function noVersion({ registry, repository, version }: Reference): ChartferryError {
  const message = version === undefined ? `no version of ${registry}/${repository} is named` : `${version} is a range, not one version`;
  return new ChartferryError(message, {
    code: "usage",
    operation: "pull chart",
    hint: `name one with --version, or in the reference: ${repository}:VERSION`,
  });
}

/** The last part of the repository can be no path and no `..`: the grammar of repositories sees to that. */
function fileName({ repository, tag, digest }: Reference): string {
  const chart = repository.slice(repository.lastIndexOf("/") + 1);
  return tag === undefined ? `${chart}@${(digest ?? "").replace(":", "-")}.tgz` : `${chart}-${versionOf(tag)}.tgz`;
}

interface ProvenanceBlob {
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal | undefined;
}

async function saveProvenance(path: string, store: ChartStore, { descriptor, signal }: ProvenanceBlob): Promise<string> {
  await save(path, store.fetchBlob(descriptor, { signal }));
  return path;
}

/** Written aside and renamed. What stands there must be an ordinary file: a link could lead anywhere. */
async function save(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const standing = await lstat(path).catch(() => undefined);
  if (standing?.isFile() === false) throw unwritable(path, "what stands there is no ordinary file");
  const temporary = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await write({ temporary, path }, chunks);
    await rename(temporary, path).catch((error: unknown) => {
      throw unwritable(path, error);
    });
  } finally {
    // What kept it from being written says more than what keeps it from being removed.
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** `path`: the name for messages. */
async function write(
  { temporary, path }: { readonly temporary: string; readonly path: string },
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const fail = (error: unknown): never => {
    throw unwritable(path, error);
  };
  const file = await open(temporary, "wx", 0o644).catch(fail);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk).catch(fail);
  } finally {
    await file.close().catch(fail);
  }
}
