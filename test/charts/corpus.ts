import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const BESIDE_THE_REPOSITORY = fileURLToPath(new URL("../../../shared/corpus", import.meta.url));

/**
 * Two real chart repositories with the digests that Helm gives their charts. They are no part of this repository: CHARTFERRY_CORPUS
 * names the folder, else `../shared/corpus` beside the clone is taken.
 */
export function findCorpus(): { readonly path: string } | { readonly path?: undefined; readonly reason: string } {
  const named = process.env["CHARTFERRY_CORPUS"];
  const path = named ? resolve(named) : BESIDE_THE_REPOSITORY;
  if (existsSync(path)) return { path };
  return {
    reason: `the chart corpus is not ${named ? `at ${path}, which CHARTFERRY_CORPUS names` : "beside the repository (../shared/corpus) and CHARTFERRY_CORPUS names none"}`,
  };
}
