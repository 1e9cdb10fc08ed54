import { ChartferryError } from "../errors.ts";

/** Source: distribution-spec 1.1, "Pulling manifests". */
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Many clients count host and path together as 255; the path alone may not exceed it either (also the limit of one file name). */
const maxNameLength = 255;

/** A repository's directory holds these, so no repository below it may be called so: `a/blobs` would lie inside the blobs of `a`. */
const reserved = new Set(["blobs", "index.json", "oci-layout"]);

export function isRepositoryName(name: string): boolean {
  if (name.length === 0 || name.length > maxNameLength) return false;
  return name.split("/").every((part) => component.test(part) && !reserved.has(part));
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** @throws name-invalid */
export function requireRepositoryName(name: string): void {
  if (isRepositoryName(name)) return;
  const shown = JSON.stringify(name.slice(0, 160));
  throw new ChartferryError(`${shown} cannot be the name of a repository`, {
    code: "name-invalid",
    operation: "open repository",
    hint: "use lower-case letters, digits and single separators, at most 255 characters, and no part called blobs, index.json or oci-layout",
  });
}
