import { bare } from "./answers.ts";
import type { DataPlane } from "./data-plane.ts";

/** The digest under a tag or digest, without asking for any right. */
export async function digestUnder({ open }: DataPlane, repository: string, reference: string): Promise<string | undefined> {
  const { status, headers } = await open(bare("HEAD", `/v2/${repository}/manifests/${reference}`));
  return status === 200 ? String(headers["docker-content-digest"]) : undefined;
}

export async function standingTags({ open }: DataPlane, repository: string): Promise<string[]> {
  const { status, body } = await open(bare("GET", `/v2/${repository}/tags/list`));
  if (status !== 200 || !(body instanceof Uint8Array)) return [];
  const listed: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  const tags: unknown = typeof listed === "object" && listed !== null && "tags" in listed ? listed.tags : [];
  return Array.isArray(tags) ? tags.map(String) : [];
}

/** Tags that name a digest. */
export async function tagsNaming(plane: DataPlane, repository: string, digest: string): Promise<string[]> {
  const named: string[] = [];
  for (const tag of await standingTags(plane, repository)) if ((await digestUnder(plane, repository, tag)) === digest) named.push(tag);
  return named;
}
