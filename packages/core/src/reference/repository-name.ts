import { ChartferryError } from "../errors.ts";
import { quote } from "../shown-text.ts";

/** Source: distribution spec 1.1, "Pulling manifests" (`<name>`), as oras-go 2.6 checks it. */
const elementPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

/** Registries commonly take no longer repository name than this, in characters (distribution's limit). */
const longestRepository = 255;

/** What one registry has against a repository's name. */
export interface NameProblem {
  readonly text: string;
  readonly hint?: string;
}

/** Why no registry would take the text as a repository path, or `undefined` if they do. */
export function repositoryProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.length > longestRepository) return `it has ${path.length} characters, the limit is ${longestRepository}`;
  for (const element of path.split("/")) {
    const problem = elementProblem(element);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** @throws name-invalid with the reason, before any request is made. */
export function checkRepository(path: string): void {
  const problem = repositoryProblem(path);
  if (problem === undefined) return;
  throw new ChartferryError(`repository name ${quote(path)} is not accepted by any registry: ${problem}`, {
    code: "name-invalid",
    operation: "check repository name",
    repository: path.slice(0, longestRepository),
    hint: /[A-Z]/.test(path)
      ? "write it in lower case; for a chart's own name: --rename FROM=TO, or leave it out with --exclude"
      : "give the chart another name with --rename FROM=TO, or leave it out with --exclude",
  });
}

/** Target repository of a chart below a namespace, as `helm push` joins them. @throws name-invalid */
export function chartRepository(namespace: string, chart: string): string {
  const path = namespace === "" ? chart : `${namespace}/${chart}`;
  checkRepository(path);
  return path;
}

function elementProblem(element: string): string | undefined {
  if (elementPattern.test(element)) return undefined;
  if (element === "") return "an element between two slashes is empty";
  if (/[A-Z]/.test(element)) return `${quote(element)} has upper-case letters`;
  const foreign = /[^a-z0-9._-]/u.exec(element);
  if (foreign !== null) return `${quote(element)} has the character ${quote(foreign[0])}`;
  return `${quote(element)} must start and end with a letter or digit, and have only \`.\`, \`_\`, \`__\` or dashes between them`;
}
