import { isChartferryError, isDigest, type Digest } from "@chartferry/core";
import {
  appendToUpload,
  beginUpload,
  cancelUpload,
  findUpload,
  finishUpload,
  type UploadBody,
  type UploadSession,
} from "@chartferry/core/layout";

import { invalidDigest, mountEndpoint } from "./blob-endpoints.ts";
import { parseContentRange } from "./byte-range.ts";
import { declaredSize, type RepositoryExchange } from "./endpoint.ts";
import { errorResponse } from "./registry-errors.ts";
import { empty, type RegistryResponse } from "./registry-request.ts";

/** POST: a mount, a whole blob, or a new session. */
export async function beginEndpoint(exchange: RepositoryExchange): Promise<RegistryResponse> {
  const { query } = exchange.request;
  const mount = query.get("mount");
  if (mount !== null) {
    const mounted = await mountEndpoint(exchange, mount, query.get("from"));
    if (mounted !== undefined) return mounted;
  }
  const digest = query.get("digest");
  if (digest !== null && mount === null) return singlePost(exchange, digest);
  const algorithm = query.get("digest-algorithm") ?? "sha256";
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    return errorResponse({ status: 400, code: "DIGEST_INVALID", message: "digest-algorithm is sha256 or sha512" });
  }
  const session = await beginUpload(exchange.tree.uploads, exchange.repository.name, algorithm);
  return empty(202, sessionHeaders(exchange, session));
}

async function singlePost(exchange: RepositoryExchange, digest: string): Promise<RegistryResponse> {
  if (!isDigest(digest)) return invalidDigest();
  const { uploads } = exchange.tree;
  const session = await beginUpload(uploads, exchange.repository.name, digest.slice(0, 6));
  try {
    return await finish(exchange, session, { digest, offset: undefined });
  } catch (error) {
    // Nobody knows this session, so nobody can go on with it.
    await cancelUpload(uploads, session);
    throw error;
  }
}

function sessionHeaders({ repository, locate }: RepositoryExchange, session: UploadSession): Record<string, string> {
  return {
    location: locate(`/v2/${repository.name}/blobs/uploads/${session.id}`),
    // An empty upload stands at `0-0` too: the form has no way to say nothing.
    range: `0-${Math.max(0, session.size - 1)}`,
    "docker-upload-uuid": session.id,
  };
}

/** GET, PATCH, PUT and DELETE of a session. */
export async function sessionEndpoint(exchange: RepositoryExchange, id: string): Promise<RegistryResponse> {
  const { uploads } = exchange.tree;
  const session = findUpload(uploads, exchange.repository.name, id);
  const { method } = exchange.request;
  if (method === "GET") return empty(204, sessionHeaders(exchange, session));
  try {
    if (method === "DELETE") return await cancel(exchange, session);
    return method === "PATCH" ? await addChunk(exchange, session) : await close(exchange, session);
  } catch (error) {
    if (isChartferryError(error, "conflict")) return outOfOrder(exchange, session, error.message);
    // Where the next request is at it already, the upload is that one's to end.
    if (isChartferryError(error, "too-large", "digest-mismatch")) await cancelUpload(uploads, session).catch(() => {});
    throw error;
  }
}

async function cancel({ tree }: RepositoryExchange, session: UploadSession): Promise<RegistryResponse> {
  await cancelUpload(tree.uploads, session);
  return empty(204);
}

function outOfOrder(exchange: RepositoryExchange, session: UploadSession, message: string): RegistryResponse {
  return errorResponse({ status: 416, code: "BLOB_UPLOAD_INVALID", message, headers: sessionHeaders(exchange, session) });
}

/** Where the chunk says it starts. `undefined` = it does not say. */
function offsetOf({ request }: RepositoryExchange): number | undefined | RegistryResponse {
  const range = parseContentRange(request.headers["content-range"]);
  if (range === undefined) return undefined;
  const size = declaredSize(request);
  if (range === "invalid" || (size !== undefined && size !== range.end - range.start)) {
    return errorResponse({
      status: 400,
      code: "BLOB_UPLOAD_INVALID",
      message: "Content-Range must be START-END and agree with Content-Length",
    });
  }
  return range.start;
}

async function addChunk(exchange: RepositoryExchange, session: UploadSession): Promise<RegistryResponse> {
  const offset = offsetOf(exchange);
  if (typeof offset === "object") return offset;
  await appendToUpload(exchange.tree.uploads, session, bodyOf(exchange, offset));
  return empty(202, sessionHeaders(exchange, session));
}

async function close(exchange: RepositoryExchange, session: UploadSession): Promise<RegistryResponse> {
  const digest = exchange.request.query.get("digest") ?? "";
  if (!isDigest(digest)) return invalidDigest();
  const offset = offsetOf(exchange);
  if (typeof offset === "object") return offset;
  // A closing PUT without a chunk may repeat the range of the whole upload.
  return finish(exchange, session, { digest, offset: declaredSize(exchange.request) === 0 ? undefined : offset });
}

async function finish(
  exchange: RepositoryExchange,
  session: UploadSession,
  { digest, offset }: { digest: Digest; offset: number | undefined },
): Promise<RegistryResponse> {
  const { repository, tree, locate } = exchange;
  await finishUpload(tree.uploads, session, { ...bodyOf(exchange, offset), digest, repository });
  return empty(201, { location: locate(`/v2/${repository.name}/blobs/${digest}`), "docker-content-digest": digest });
}

function bodyOf({ request }: RepositoryExchange, offset: number | undefined): UploadBody {
  return { chunks: request.body, declaredSize: declaredSize(request), offset };
}
