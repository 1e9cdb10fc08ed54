import { ChartferryError } from "../errors.ts";
import { repositoryProblem } from "../reference/repository-name.ts";
import { quote } from "../shown-text.ts";

/** A repository's directory holds these, so no repository below it may be called so: `a/blobs` would lie inside the blobs of `a`. */
const reserved = ["blobs", "index.json", "oci-layout"];

export function isRepositoryName(name: string): boolean {
  return layoutNameProblem(name) === undefined;
}

function layoutNameProblem(name: string): string | undefined {
  const taken = reserved.find((word) => name.split("/").includes(word));
  return repositoryProblem(name) ?? (taken === undefined ? undefined : `a layout keeps its own files under ${taken}`);
}

/** @throws name-invalid */
export function requireRepositoryName(name: string): void {
  const problem = layoutNameProblem(name);
  if (problem === undefined) return;
  throw new ChartferryError(`${quote(name)} cannot be the name of a repository: ${problem}`, {
    code: "name-invalid",
    operation: "open repository",
    hint: "use lower-case letters, digits and single separators, at most 255 characters, and no part called blobs, index.json or oci-layout",
  });
}
