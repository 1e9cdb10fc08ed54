import { constants, type BigIntStats } from "node:fs";
import { access, stat } from "node:fs/promises";

import type { AssembledPackage } from "../copy/chart-package.ts";
import { errnoOf } from "../errno.ts";
import { ChartferryError } from "../errors.ts";
import { assemblePackage } from "./assemble-package.ts";
import type { AssembleOptions } from "./assemble-package.ts";
import { fileChunks, unreadable } from "./folder-file.ts";
import { modifiedSecond } from "./modified-second.ts";
import { provenanceIn } from "./provenance-policy.ts";
import type { MemoryQuestion } from "./chart-source.ts";
import type { ProvenanceFinding } from "./provenance-policy.ts";
import { receiveContent } from "./received-content.ts";
import { shown } from "../shown-text.ts";

export interface OpenFileOptions extends AssembleOptions {
  /** Larger files are copied to a temporary file, so that what is checked is what is sent. Default: 8 MiB. */
  readonly memoryLimit?: number | undefined;
  readonly memory?: MemoryQuestion | undefined;
  readonly directory?: string | undefined;
}

/** Whether a path leads to a file that can be read. @throws file-missing, file-unreadable, usage (a folder) */
export async function checkChartFile(path: string): Promise<void> {
  await factsOf(path);
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw unreachable(path, error);
  });
}

/** A chart archive of this machine, with the `.prov` beside it: what `push` and `publish` send. @throws file-missing, usage, archive-invalid, chart-invalid … */
export async function openChartFile(path: string, options: OpenFileOptions = {}): Promise<AssembledPackage> {
  const facts = await factsOf(path);
  const { memoryLimit, memory, directory, signal } = options;
  const layer = await receiveContent(fileChunks(path, signal), { memoryLimit, memory, directory, operation: "read chart archive", signal });
  const fileModified = modifiedSecond(facts);
  return assemblePackage({ layer, place: path, findProvenance: async () => provenanceBeside(path), fileModified, notes: [] }, options);
}

async function factsOf(path: string): Promise<BigIntStats> {
  const facts = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw unreachable(path, error);
  });
  if (facts.isDirectory()) {
    throw new ChartferryError(`${shown(path)} is a folder: a chart is pushed as an archive (.tgz)`, {
      code: "usage",
      operation: "read chart archive",
      hint: `Package it first: helm package ${shown(path)}`,
    });
  }
  if (!facts.isFile()) throw new ChartferryError(`${shown(path)} is no regular file`, { code: "usage", operation: "read chart archive" });
  return facts;
}

async function provenanceBeside(path: string): Promise<ProvenanceFinding> {
  try {
    return await provenanceIn(`${path}.prov`);
  } catch (error) {
    return { kind: "failed", error };
  }
}

function unreachable(path: string, cause: unknown): ChartferryError {
  const code = errnoOf(cause);
  if (code !== "ENOENT" && code !== "ENOTDIR") return unreadable(path, cause);
  return new ChartferryError(path === "" ? "a chart archive is named by an empty text" : `${shown(path)}: no such file`, {
    code: "file-missing",
    operation: "read chart archive",
    hint:
      path === ""
        ? "See whether a variable in the command is empty: charts are given as files that end in .tgz"
        : "Check the path: charts are given as files that end in .tgz",
    cause,
  });
}
