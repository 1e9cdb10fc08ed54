import type { BlobContent } from "../content.ts";
import { ChartferryError } from "../errors.ts";
import type { Patience } from "../http/gate/patience.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import type { CallOptions } from "./chart-store.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

/** What all requests of an upload are called in messages. */
export const operation = "push blob";

export const octetStream = { "content-type": "application/octet-stream" };

export interface Upload {
  readonly content: BlobContent;
  readonly patience: Patience;
}

/**
 * Where the upload goes on. Absolute, relative and with a query are all allowed, also on another host (the client sends no credentials there);
 * a step down from https to http is not: it would send the chart in the clear.
 */
export function sessionLocation(end: RepositoryEnd, answer: HttpAnswer): URL {
  const text = answer.headers["location"];
  if (text === undefined || !URL.canParse(text, answer.url.href)) {
    throw new ChartferryError("the registry started an upload without saying where it goes on (no valid Location)", {
      code: "protocol-violation",
      operation,
      registry: end.registry,
      repository: end.repository,
    });
  }
  const location = new URL(text, answer.url);
  if (location.protocol !== "https:" && location.protocol !== answer.url.protocol) {
    throw new ChartferryError(`the upload Location ${location.protocol}//${location.host} steps down from https`, {
      code: "redirect-refused",
      operation,
      registry: end.registry,
      repository: end.repository,
      hint: "let the registry, or the proxy in front of it, announce its external https address",
    });
  }
  return location;
}

interface Session extends Upload {
  readonly location: URL;
}

/** `refused` = it may be the form that is refused, and there is another one. */
export async function putWhole(end: RepositoryEnd, session: Session, options: CallOptions): Promise<"stored" | "refused"> {
  const { content, location, patience } = session;
  const { refusals } = patience;
  const url = withDigest(location, content.digest);
  const answer = await sendWhole(end, { method: "PUT", url, ...session }, options);
  if (isStored(answer)) {
    if (end.uploads.session === "put-or-patch") end.uploads.session = "put";
    await acknowledged(end, answer, content);
    return "stored";
  }
  if (end.uploads.session === "put-or-patch" && mayBeTheForm(answer.status)) {
    await answer.dump();
    return "refused";
  }
  const error = await failure(end, answer, { operation });
  // The session is gone or out of step, whatever the body says: a new one may well succeed, or learn what is really missing. Where a body was refused
  // before, a part of it may have been read, so that the next one did not fit.
  const isOutOfStep = [404, 416].includes(answer.status) || (answer.status === 400 && patience.refusals > refusals);
  const lost = isOutOfStep || ["upload-lost", "blob-unknown"].includes(error.code);
  throw lost ? asLostUpload(error) : error;
}

function isStored({ status }: HttpAnswer): boolean {
  return status === 201 || status === 204;
}

/** Which status it is that old servers answer is not known: all that speak of the request, and of neither who sent it nor when. */
function mayBeTheForm(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 407, 408, 416, 429].includes(status);
}

/** Source: goharbor/harbor, src/pkg/reg/adapter/jfrog/adapter.go. */
export async function patchWhole(end: RepositoryEnd, session: Session, options: CallOptions): Promise<void> {
  const { content, location } = session;
  const patched = await sendWhole(end, { method: "PATCH", url: location, ...session }, options);
  if (![201, 202, 204].includes(patched.status)) throw await failure(end, patched, { operation });
  await patched.dump();
  const url = withDigest(patched.headers["location"] === undefined ? location : sessionLocation(end, patched), content.digest);
  const headers = { "content-length": "0" };
  const closing = { method: "PUT", url, operation, access: "push", repeats: "upload", headers, signal: options.signal } as const;
  const answer = await end.send(closing);
  if (!isStored(answer)) throw await failure(end, answer, { operation });
  await acknowledged(end, answer, content);
}

function sendWhole(
  end: RepositoryEnd,
  { method, url, content, patience }: Upload & { readonly method: "PUT" | "PATCH"; readonly url: URL },
  { signal }: CallOptions,
): Promise<HttpAnswer> {
  const body = content.bytes ?? content;
  return end.send({ method, url, operation, access: "push", repeats: "upload", patience, headers: octetStream, body, signal });
}

/** Appended by hand: Location's own query (session state) must stay as the registry wrote it, byte by byte. */
function withDigest(location: URL, digest: string): URL {
  const joined = new URL(location);
  const pair = `digest=${encodeURIComponent(digest)}`;
  joined.search = location.search === "" ? `?${pair}` : `${location.search}&${pair}`;
  return joined;
}

function asLostUpload(error: ChartferryError): ChartferryError {
  return new ChartferryError(error.message, {
    code: "upload-lost",
    operation: error.operation,
    retryable: true,
    registry: error.registry,
    repository: error.repository,
    status: error.status,
    hint: error.hint,
    cause: error,
  });
}

/** A registry that stored something else than what we sent says so in Docker-Content-Digest. */
export async function acknowledged(end: RepositoryEnd, answer: HttpAnswer, content: BlobContent): Promise<void> {
  await answer.dump();
  const stored = answer.headers["docker-content-digest"];
  if (stored === undefined || stored === "" || stored === content.digest) return;
  throw new ChartferryError(`the registry stored ${stored} where ${content.digest} was sent`, {
    code: "digest-mismatch",
    operation,
    registry: end.registry,
    repository: end.repository,
  });
}
