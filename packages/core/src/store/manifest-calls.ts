import type { Descriptor, StoredManifest } from "../content.ts";
import { digestWith, digestOf, isDigest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { manifestAccept, mediaTypes } from "../media-types.ts";
import type { CallOptions } from "./chart-store.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

const accept = { accept: manifestAccept };

/** HEAD of a tag or digest; a GET where the registry has no usable HEAD. */
export async function resolveManifest(end: RepositoryEnd, reference: string, options: CallOptions = {}): Promise<Descriptor | undefined> {
  const operation = isDigest(reference) ? "find manifest" : "resolve tag";
  const answer = await end.send({
    method: "HEAD",
    ...manifestRequest(end, reference),
    operation,
    access: "pull",
    headers: accept,
    ...options,
  });
  if (![200, 400, 404, 405].includes(answer.status)) return absent(await failure(end, answer, { operation, version: reference }));
  await answer.dump();
  if (answer.status === 404) return undefined;
  const named = answer.status === 200 ? descriptorIn(answer, reference) : undefined;
  if (named !== undefined) return named;
  const manifest = await fetchManifest(end, reference, options);
  return manifest && { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
}

/** An adapter may know that its registry says nothing else of what is not there (Artifactory: 403). */
function absent(error: ChartferryError): undefined {
  if (error.code !== "manifest-unknown") throw error;
}

/** From the headers alone, where they say enough. */
function descriptorIn(answer: HttpAnswer, reference: string): Descriptor | undefined {
  const digest = namedDigest(answer) ?? (isDigest(reference) ? reference : undefined);
  const size = Number(answer.headers["content-length"]);
  return digest === undefined || !Number.isSafeInteger(size) ? undefined : { mediaType: mediaTypeOf(answer), digest, size };
}

/** GET of a tag or digest, its bytes checked against the digest asked for and the one that the registry names. */
export async function fetchManifest(end: RepositoryEnd, reference: string, options: CallOptions = {}): Promise<StoredManifest | undefined> {
  const operation = "fetch manifest";
  const answer = await end.send({
    method: "GET",
    ...manifestRequest(end, reference),
    operation,
    access: "pull",
    headers: accept,
    wholeBytes: end.manifestBytes,
    ...options,
  });
  if (answer.status === 404) {
    await answer.dump();
    return undefined;
  }
  if (answer.status !== 200) throw await failure(end, answer, { operation, version: reference });
  const bytes = await answer.bytes(end.manifestBytes);
  const expected = isDigest(reference) ? reference : namedDigest(answer);
  const digest = expected === undefined ? digestOf(bytes) : digestWith(expected, bytes);
  if (expected !== undefined && digest !== expected) throw changed(end, { reference, expected, digest, operation });
  if (expected === undefined && !isJsonObject(bytes)) throw noManifest(end, { reference, operation });
  return { mediaType: mediaTypeOf(answer), digest, bytes };
}

export interface ManifestPut {
  /** A tag or the digest. */
  readonly reference: string;
  readonly manifest: StoredManifest;
}

/** PUT; resolves once the registry is known to have it. `listedUnder` is the subject under which the registry says that it lists it. */
export async function putManifest(
  end: RepositoryEnd,
  put: ManifestPut,
  options: CallOptions = {},
): Promise<{ readonly listedUnder: string | undefined }> {
  const operation = "push manifest";
  const { reference, manifest } = put;
  const answer = await end.send({
    method: "PUT",
    ...manifestRequest(end, reference),
    operation,
    access: "push",
    headers: { "content-type": manifest.mediaType },
    body: manifest.bytes,
    ...options,
  });
  if (![200, 201, 202, 204].includes(answer.status)) throw await failure(end, answer, { operation, version: reference });
  await answer.dump();
  // Only 201 is the specification's word for it. Anything else, which may be a proxy's own page, is looked after.
  const digest = namedDigest(answer) ?? (answer.status === 201 ? manifest.digest : await standing(end, reference, options));
  if (digest === undefined) throw notStored(end, { reference, operation, status: answer.status });
  if (digest !== manifest.digest) throw changed(end, { reference, expected: manifest.digest, digest, operation });
  return { listedUnder: answer.headers["oci-subject"] };
}

async function standing(end: RepositoryEnd, reference: string, options: CallOptions): Promise<string | undefined> {
  return (await resolveManifest(end, reference, options))?.digest;
}

/** DELETE of a tag or digest. */
export async function deleteManifest(end: RepositoryEnd, reference: string, options: CallOptions = {}): Promise<boolean> {
  const operation = isDigest(reference) ? "delete manifest" : "delete tag";
  const answer = await end.send({ method: "DELETE", ...manifestRequest(end, reference), operation, access: "delete", ...options });
  if (answer.status !== 404 && ![200, 202, 204].includes(answer.status))
    throw await failure(end, answer, { operation, version: reference });
  await answer.dump();
  return answer.status !== 404;
}

function manifestRequest(end: RepositoryEnd, reference: string): { url: URL; version: string } {
  return { url: end.url(`manifests/${encodeURIComponent(reference).replaceAll("%3A", ":")}`), version: reference };
}

function mediaTypeOf(answer: HttpAnswer): string {
  const type = answer.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  return type === "" || type === "application/json" ? mediaTypes.ociManifest : type;
}

/** The digest header, where it is one that we can verify. */
function namedDigest(answer: HttpAnswer): string | undefined {
  const digest = answer.headers["docker-content-digest"];
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** Every manifest is one, of Docker's two formats as well as of the specification's. */
function isJsonObject(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

function noManifest(end: RepositoryEnd, { reference, operation }: { reference: string; operation: string }): ChartferryError {
  return new ChartferryError(`what ${end.registry} answers for ${end.repository}:${reference} is no manifest`, {
    code: "protocol-violation",
    operation,
    registry: end.registry,
    repository: end.repository,
    version: reference,
    hint: "something between here and the registry may answer in its place: check the address, and proxies",
  });
}

function notStored(end: RepositoryEnd, found: { reference: string; operation: string; status: number }): ChartferryError {
  return new ChartferryError(`${end.registry} answers ${found.status} to the manifest, and does not have it afterwards`, {
    code: "protocol-violation",
    operation: found.operation,
    registry: end.registry,
    repository: end.repository,
    version: found.reference,
    hint: "something between here and the registry may answer in its place: check the address, and proxies",
  });
}

function changed(end: RepositoryEnd, found: { reference: string; expected: string; digest: string; operation: string }): ChartferryError {
  return new ChartferryError(`the registry holds ${found.digest} under ${found.reference} where ${found.expected} was expected`, {
    code: "digest-mismatch",
    operation: found.operation,
    registry: end.registry,
    repository: end.repository,
    version: found.reference,
    hint: "something between here and the registry changes content, or the registry is damaged: try without a proxy",
  });
}
