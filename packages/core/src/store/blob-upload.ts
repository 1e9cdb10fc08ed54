import type { BlobContent } from "../content.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import { newPatience, type Patience } from "../http/gate/patience.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import type { CallOptions } from "./chart-store.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

/** Above this a HEAD costs less than sending bytes that may be there already; below it the HEAD would be one request more for nothing. */
const headFirstBytes = 4 * 1024 * 1024;

/**
 * Whole sessions per blob: a PUT whose connection broke cannot be continued, its session may be gone (404, 400 and 416 all occur). Faults alone
 * count; a registry that asks for fewer requests (429, 503) is waited for by the client, which knows how long.
 */
const sessionAttempts = 6;

const operation = "push blob";

const octetStream = { "content-type": "application/octet-stream" };

/**
 * Puts one blob into a repository and resolves once the registry has acknowledged all of it under its digest.
 * Source: distribution-spec "Pushing blobs"; which form the registry takes is learned once per connection.
 */
export async function uploadBlob(end: RepositoryEnd, content: BlobContent, options: CallOptions = {}): Promise<void> {
  const progress: UploadProgress = { stage: "asking", patience: newPatience() };
  let faults = 0;
  for (let session = 1; ; session++) {
    progress.stage = "asking";
    try {
      if ((session > 1 || content.size > headFirstBytes) && (await end.hasBlob(content.digest, { ...options, retry: "once" }))) return;
      await uploadOnce(end, { content, progress }, options);
      return;
    } catch (error) {
      if (asksForPatience(error, progress)) continue;
      if (!isRepeatable(error) || ++faults >= sessionAttempts) throw error;
      await end.pause({ attempt: faults, error, signal: options.signal });
    }
  }
}

interface UploadProgress {
  stage: "asking" | "starting" | "sending";
  /** Of all the bodies together: the gate holds the next one back, and fails it once they were held for too long. */
  readonly patience: Patience;
}

/** The body was refused for now, and its session may be gone with it. */
function asksForPatience(error: unknown, { stage, patience }: UploadProgress): boolean {
  const isBody = stage === "sending" && isChartferryError(error) && error.operation === operation;
  return isBody && error.status === 503 && !patience.hopeless;
}

/** What the registry went on refusing (429, 503), and what its token service failed with, has been repeated for as long as it may be. */
function isRepeatable(error: unknown): error is ChartferryError {
  if (!isChartferryError(error) || !error.retryable || error.code === "rate-limited" || error.operation === "sign in") return false;
  return error.status !== 503;
}

interface Upload {
  readonly content: BlobContent;
  readonly progress: UploadProgress;
}

async function uploadOnce(end: RepositoryEnd, { content, progress }: Upload, options: CallOptions): Promise<void> {
  progress.stage = "starting";
  const location = (await trySinglePost(end, content, options)) ?? (await startSession(end, content, options));
  if (location === "stored") return;
  progress.stage = "sending";
  await putWhole(end, { content, location, patience: progress.patience }, options);
}

/** One POST with the whole blob. `undefined` = the registry does not take it, or nobody knows yet and another upload is finding out. */
async function trySinglePost(end: RepositoryEnd, content: BlobContent, options: CallOptions): Promise<URL | "stored" | undefined> {
  const { uploads } = end;
  if (uploads.singlePost === "no" || uploads.singlePost === "asking") return undefined;
  const asking = uploads.singlePost === "unknown";
  if (asking) uploads.singlePost = "asking";
  let settled: "yes" | "no" | "unknown" = "unknown";
  try {
    const answer = await post(end, { query: { digest: content.digest }, content }, options);
    if (answer.status === 201) {
      settled = "yes";
      await acknowledged(end, answer, content);
      return "stored";
    }
    if (answer.status === 202) {
      settled = "no";
      await answer.dump();
      return sessionLocation(end, answer);
    }
    if (asking && isRefusalOfTheForm(answer.status)) {
      settled = "no";
      await answer.dump();
      return undefined;
    }
    throw await failure(end, answer, { operation });
  } finally {
    if (asking || settled === "no") uploads.singlePost = settled;
  }
}

/** Statuses with which registries without this form have been seen to answer a POST that carries a body. */
function isRefusalOfTheForm(status: number): boolean {
  return [400, 404, 405, 411, 413, 415, 416, 501].includes(status);
}

async function startSession(end: RepositoryEnd, content: BlobContent, options: CallOptions): Promise<URL> {
  const answer = await post(end, { query: {}, content: undefined }, options);
  if (answer.status !== 202) throw await failure(end, answer, { operation: `start upload of ${content.digest}` });
  await answer.dump();
  return sessionLocation(end, answer);
}

interface PostOptions {
  readonly query: Readonly<Record<string, string>>;
  readonly content: BlobContent | undefined;
}

async function post(end: RepositoryEnd, { query, content }: PostOptions, options: CallOptions): Promise<HttpAnswer> {
  const url = end.url("blobs/uploads/");
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return end.send({
    method: "POST",
    url,
    operation,
    access: "push",
    retry: "once",
    headers: content === undefined ? { "content-length": "0" } : octetStream,
    ...(content === undefined ? {} : { body: content.bytes ?? content }),
    signal: options.signal,
  });
}

/**
 * Where the upload goes on. Absolute, relative and with a query are all allowed, also on another host (the client sends no credentials there);
 * a step down from https to http is not: it would send the chart in the clear.
 */
function sessionLocation(end: RepositoryEnd, answer: HttpAnswer): URL {
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

interface Session extends Pick<UploadProgress, "patience"> {
  readonly content: BlobContent;
  readonly location: URL;
}

async function putWhole(end: RepositoryEnd, { content, location, patience }: Session, options: CallOptions): Promise<void> {
  const answer = await end.send({
    method: "PUT",
    url: withDigest(location, content.digest),
    operation,
    access: "push",
    retry: "once",
    patience,
    headers: octetStream,
    body: content.bytes ?? content,
    signal: options.signal,
  });
  if (answer.status === 201 || answer.status === 204) return acknowledged(end, answer, content);
  const error = await failure(end, answer, { operation });
  // The session is gone or out of step, whatever the body says: a new one may well succeed, or learn what is really missing.
  const lost = ["upload-lost", "blob-unknown"].includes(error.code) || answer.status === 404 || answer.status === 416;
  throw lost ? asLostUpload(error) : error;
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
async function acknowledged(end: RepositoryEnd, answer: HttpAnswer, content: BlobContent): Promise<void> {
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
