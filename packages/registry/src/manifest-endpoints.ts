import { isDigest, isTag, type Descriptor } from "@chartferry/core";
import { readManifest, removeManifest, removeTag, resolveManifest, storeManifest } from "@chartferry/core/layout";

import { declaredSize, etagOf, isFresh, type RepositoryExchange } from "./endpoint.ts";
import { errorResponse } from "./registry-errors.ts";
import { empty, type RegistryRequest, type RegistryResponse } from "./registry-request.ts";

/** More tags than this in one request: 414. */
const maxTagsPerPut = 100;

/** GET, HEAD, PUT and DELETE by tag or digest. */
export async function manifestEndpoint(exchange: RepositoryExchange, reference: string): Promise<RegistryResponse> {
  if (!isTag(reference) && !isDigest(reference)) {
    return errorResponse({
      status: 400,
      code: reference.includes(":") ? "DIGEST_INVALID" : "MANIFEST_INVALID",
      message: "neither a tag nor a digest",
    });
  }
  const { method } = exchange.request;
  if (method === "PUT") return put(exchange, reference);
  if (method === "DELETE") return remove(exchange, reference);
  return method === "HEAD" ? head(exchange, reference) : get(exchange, reference);
}

function unknown({ repository }: RepositoryExchange): RegistryResponse {
  const [code, message] = repository.exists
    ? (["MANIFEST_UNKNOWN", "there is no such manifest in this repository"] as const)
    : (["NAME_UNKNOWN", "there is no such repository"] as const);
  return errorResponse({ status: 404, code, message });
}

function headersOf(manifest: Pick<Descriptor, "digest" | "mediaType">): Record<string, string> {
  return { "content-type": manifest.mediaType, "docker-content-digest": manifest.digest, etag: etagOf(manifest.digest) };
}

async function head(exchange: RepositoryExchange, reference: string): Promise<RegistryResponse> {
  const found = await resolveManifest(exchange.repository, reference);
  if (found === undefined) return unknown(exchange);
  if (isFresh(exchange.request, found.digest)) return empty(304, headersOf(found));
  return { status: 200, headers: headersOf(found), body: { size: found.size, open: nothing } };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

async function get(exchange: RepositoryExchange, reference: string): Promise<RegistryResponse> {
  const found = await readManifest(exchange.repository, reference);
  if (found === undefined) return unknown(exchange);
  if (isFresh(exchange.request, found.digest)) return empty(304, headersOf(found));
  return { status: 200, headers: headersOf(found), body: found.bytes };
}

async function remove(exchange: RepositoryExchange, reference: string): Promise<RegistryResponse> {
  const { repository } = exchange;
  const found = isDigest(reference) ? await removeManifest(repository, reference) : await removeTag(repository, reference);
  return found ? empty(202) : unknown(exchange);
}

async function put(exchange: RepositoryExchange, reference: string): Promise<RegistryResponse> {
  const { repository, request, sparseIndexes } = exchange;
  const tags = isDigest(reference) ? request.query.getAll("tag") : [reference];
  if (tags.length > maxTagsPerPut)
    return errorResponse({ status: 414, code: "UNSUPPORTED", message: `at most ${maxTagsPerPut} tags in one request` });
  if (!tags.every(isTag)) return errorResponse({ status: 400, code: "MANIFEST_INVALID", message: "a tag parameter is no valid tag" });
  const bytes = await readBody(exchange);
  if (bytes === undefined) return tooLarge(exchange);
  const received = { mediaType: mediaTypeOf(request), bytes, ...(isDigest(reference) ? { digest: reference } : {}) };
  const { digest, subject } = await storeManifest(repository, received, { tags, sparseIndexes });
  return empty(201, {
    location: exchange.locate(`/v2/${repository.name}/manifests/${reference}`),
    "docker-content-digest": digest,
    ...(subject === undefined ? {} : { "oci-subject": subject }),
    ...(isDigest(reference) && tags.length > 0 ? { "oci-tag": tags } : {}),
  });
}

function mediaTypeOf(request: RegistryRequest): string {
  const [mediaType = ""] = (request.headers["content-type"] ?? "").split(";");
  // Clients that know no better send what curl or a form would; then the manifest's own word counts.
  const isVague = ["application/octet-stream", "application/json", "application/x-www-form-urlencoded"].includes(mediaType.trim());
  return isVague ? "" : mediaType.trim().toLowerCase();
}

function tooLarge({ limits }: RepositoryExchange): RegistryResponse {
  return errorResponse({ status: 413, code: "MANIFEST_INVALID", message: `a manifest may have ${limits.maxManifestBytes} bytes` });
}

/** `undefined` = more than the limit; no more than that is taken into memory. */
async function readBody({ request, limits }: RepositoryExchange): Promise<Buffer | undefined> {
  if ((declaredSize(request) ?? 0) > limits.maxManifestBytes) return undefined;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limits.maxManifestBytes) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
