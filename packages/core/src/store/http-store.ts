import type { Descriptor } from "../content.ts";
import { type Digest, isDigest, splitDigest } from "../digest.ts";
import type { HttpAnswer, HttpRequest } from "../http/http-client.ts";
import type { CallOptions, ChartStore, FoundBlob } from "./chart-store.ts";
import { downloadBlob } from "./blob-download.ts";
import { uploadBlob } from "./blob-upload.ts";
import { deleteManifest, fetchManifest, resolveManifest } from "./manifest-calls.ts";
import { listReferrers } from "./referrer-listing.ts";
import { putListed } from "./referrers-tag.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";
import { listTags } from "./tag-listing.ts";

/** One repository of a registry that speaks the distribution protocol. */
export function createHttpStore(end: RepositoryEnd): ChartStore {
  return {
    registry: end.registry,
    repository: end.repository,
    resolve: (reference, options) => resolveManifest(end, reference, options),
    fetchManifest: (reference, options) => fetchManifest(end, reference, options),
    putManifest: (reference, manifest, options) => putListed(end, { reference, manifest }, options),
    findBlob: (digest, options) => end.findBlob(digest, options),
    fetchBlob: (descriptor, options) => downloadBlob(end, descriptor, options),
    putBlob: (content, options) => uploadBlob(end, content, options),
    mountBlob: (descriptor, fromRepository, options) => mountBlob(end, { descriptor, fromRepository }, options),
    tags: (options) => end.listTags?.(options) ?? listTags(end, options),
    referrers: (digest, options) => listReferrers(end, digest, options),
    deleteManifest: (reference, options) =>
      (isDigest(reference) ? undefined : end.deleteTag?.(reference, options)) ?? deleteManifest(end, reference, options),
  };
}

/** HEAD of a blob; an answer that speaks of something else is no yes. @throws for every answer but 200 and 404 */
export async function findBlob(
  end: RepositoryEnd,
  digest: Digest,
  options: CallOptions & Pick<HttpRequest, "repeats"> = {},
): Promise<FoundBlob | undefined> {
  const answer = await end.send({ method: "HEAD", url: end.url(`blobs/${digest}`), operation: "find blob", access: "pull", ...options });
  if (answer.status !== 200 && answer.status !== 404) throw await failure(end, answer, { operation: "find blob", version: digest });
  await answer.dump();
  return answer.status === 200 && speaksOf(digest, answer.headers) ? { size: toldLength(answer.headers) } : undefined;
}

/** A proxy that compresses speaks of what it would send; several lengths are none. */
function toldLength(headers: HttpAnswer["headers"]): number | undefined {
  const { "content-length": text = "", "content-encoding": coding = "identity" } = headers;
  return coding === "identity" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A page of a proxy's own, or another blob: to send the bytes once more is always safe. */
function speaksOf(digest: Digest, headers: HttpAnswer["headers"]): boolean {
  const named = headers["docker-content-digest"] ?? "";
  const isOther = isDigest(named) && splitDigest(named).algorithm === splitDigest(digest).algorithm && named !== digest;
  return !isOther && headers["content-type"]?.startsWith("text/html") !== true;
}

/** Asks the registry to link a blob of another repository. A 202 is a refusal that has opened a session, which is cancelled. */
async function mountBlob(
  end: RepositoryEnd,
  mount: { readonly descriptor: Descriptor; readonly fromRepository: string },
  options: CallOptions = {},
): Promise<boolean> {
  const url = end.url("blobs/uploads/");
  url.searchParams.set("mount", mount.descriptor.digest);
  url.searchParams.set("from", mount.fromRepository);
  const answer = await end.send({
    method: "POST",
    url,
    operation: "mount blob",
    access: "push",
    alsoPull: mount.fromRepository,
    redirects: "refuse",
    repeats: "upload",
    headers: { "content-length": "0" },
    ...options,
  });
  await answer.dump();
  if (answer.status === 202) await cancelSession(end, answer.headers["location"], options);
  return answer.status === 201;
}

/** Best effort: a registry forgets sessions by itself. */
export async function cancelSession(end: RepositoryEnd, location: string | undefined, options: CallOptions): Promise<void> {
  const url = end.url("blobs/uploads/");
  if (location === undefined || !URL.canParse(location, url.href)) return;
  try {
    const answer = await end.send({
      method: "DELETE",
      url: new URL(location, url),
      operation: "cancel upload",
      access: "push",
      repeats: "probe",
      ...options,
    });
    await answer.dump();
  } catch {
    // The blob is then simply uploaded.
  }
}
