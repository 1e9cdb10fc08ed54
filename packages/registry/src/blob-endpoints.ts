import { isDigest, type Digest } from "@chartferry/core";
import { blobSize, mountBlob, openBlob, readRange, removeBlob, type LayoutRepository } from "@chartferry/core/layout";

import { parseRange, type ByteRange } from "./byte-range.ts";
import { etagOf, isFresh, type RepositoryExchange } from "./endpoint.ts";
import { errorResponse } from "./registry-errors.ts";
import { empty, type RegistryResponse } from "./registry-request.ts";

export function invalidDigest(): RegistryResponse {
  return errorResponse({ status: 400, code: "DIGEST_INVALID", message: "a digest is sha256 or sha512, a colon and lower-case hex" });
}

function blobUnknown(): RegistryResponse {
  return errorResponse({ status: 404, code: "BLOB_UNKNOWN", message: "the blob is not in this repository" });
}

/** GET, HEAD and DELETE of one blob. */
export async function blobEndpoint(exchange: RepositoryExchange, digest: string): Promise<RegistryResponse> {
  if (!isDigest(digest)) return invalidDigest();
  if (exchange.request.method === "DELETE") return (await removeBlob(exchange.repository, digest)) ? empty(202) : blobUnknown();
  const size = await blobSize(exchange.repository.directory, digest);
  return size === undefined ? blobUnknown() : sendBlob(exchange, digest, size);
}

function sendBlob({ request, repository }: RepositoryExchange, digest: Digest, size: number): RegistryResponse {
  const headers = {
    "docker-content-digest": digest,
    etag: etagOf(digest),
    "accept-ranges": "bytes",
    "content-type": "application/octet-stream",
  };
  if (isFresh(request, digest)) return empty(304, headers);
  const range = request.method === "GET" ? parseRange(request.headers["range"], size) : undefined;
  if (range === "unsatisfiable") {
    return errorResponse({
      status: 416,
      code: "SIZE_INVALID",
      message: `the blob has ${size} bytes`,
      headers: { "content-range": `bytes */${size}` },
    });
  }
  const part = range ?? { start: 0, end: size };
  const body = { size: part.end - part.start, open: () => readPart(repository.directory, digest, part) };
  if (range === undefined) return { status: 200, headers, body };
  return { status: 206, headers: { ...headers, "content-range": `bytes ${part.start}-${part.end - 1}/${size}` }, body };
}

async function* readPart(directory: string, digest: Digest, { start, end }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
  const found = await openBlob(directory, digest);
  if (found !== undefined) yield* readRange(found.handle, start, end);
}

/** 201 when the blob could be taken over; `undefined` = begin an upload instead. */
export async function mountEndpoint(
  exchange: RepositoryExchange,
  digest: string,
  from: string | null,
): Promise<RegistryResponse | undefined> {
  const { repository, locate } = exchange;
  if (!isDigest(digest)) return invalidDigest();
  const source = await mountSource(exchange, digest, from);
  if (source === undefined || !(await mountBlob(repository, source, digest))) return undefined;
  return empty(201, { location: locate(`/v2/${repository.name}/blobs/${digest}`), "docker-content-digest": digest });
}

/** A repository that cannot be opened (a name that is none, a damaged index) is one that has not got the blob. */
async function mountSource(exchange: RepositoryExchange, digest: Digest, from: string | null): Promise<LayoutRepository | undefined> {
  const { tree, anonymousMount } = exchange;
  if (from !== null) return tree.openRepository(from).catch(() => undefined);
  return anonymousMount ? tree.holderOf(digest) : undefined;
}
