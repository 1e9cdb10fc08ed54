import type { BlobContent } from "../content.ts";
import { isChartferryError } from "../errors.ts";
import { newPatience } from "../http/gate/patience.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { type WorkFault, workRepeats } from "../http/repeat-policy.ts";
import { isWhole } from "./blob-state.ts";
import type { CallOptions } from "./chart-store.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";
import { acknowledged, octetStream, operation, patchWhole, putWhole, sessionLocation, type Upload } from "./session-upload.ts";

/** Above this a HEAD costs less than sending bytes that may be there already; below it the HEAD would be one request more for nothing. */
const headFirstBytes = 4 * 1024 * 1024;

/**
 * Puts one blob into a repository and resolves once the registry has acknowledged all of it under its digest. A PUT whose connection broke cannot be
 * continued, its session may be gone: then all of it begins anew, as often as `workRepeats` says.
 * Source: distribution-spec "Pushing blobs"; which form the registry takes is learned once per connection.
 */
export async function uploadBlob(end: RepositoryEnd, content: BlobContent, options: CallOptions = {}): Promise<void> {
  // Of all the bodies together: the gate holds the next one back, and fails it once they were held for too long.
  const patience = newPatience();
  const faults = { broken: 0, gone: 0 };
  for (let session = 1; ; session++) {
    const { refusals } = patience;
    try {
      const looksFirst = session > 1 || content.size > headFirstBytes;
      const found = looksFirst ? await end.findBlob(content.digest, { ...options, repeats: "upload" }) : undefined;
      if (!isWhole(found, content)) await uploadOnce(end, { content, patience }, options);
      return;
    } catch (error) {
      const fault = faultOf(error);
      // Its session went with a body that was refused: that one was waited for, and is no fault.
      if (fault === "gone" && patience.refusals > refusals) continue;
      await pauseAfter(error, { fault, faults, end, signal: options.signal });
    }
  }
}

interface Failed {
  readonly fault: WorkFault | undefined;
  readonly faults: Record<WorkFault, number>;
  readonly end: RepositoryEnd;
  readonly signal: AbortSignal | undefined;
}

/** @throws the error itself where nothing more is to be tried */
async function pauseAfter(error: unknown, { fault, faults, end, signal }: Failed): Promise<void> {
  if (fault === undefined || !isChartferryError(error)) throw error;
  if (++faults[fault] >= workRepeats.upload[fault].tries) throw error;
  await end.pause({ attempt: faults.broken + faults.gone, error, signal });
}

/** What the registry went on refusing (429, 503), and what its token service failed with, has been repeated for as long as it may be. */
function faultOf(error: unknown): WorkFault | undefined {
  if (!isChartferryError(error)) return undefined;
  const { code, status, operation: failed, retryable } = error;
  if (!retryable || code === "rate-limited" || status === 503 || failed === "sign in") return undefined;
  return code === "upload-lost" ? "gone" : "broken";
}

async function uploadOnce(end: RepositoryEnd, { content, patience }: Upload, options: CallOptions): Promise<void> {
  const location = (await trySinglePost(end, content, options)) ?? (await startSession(end, content, options));
  if (location === "stored") return;
  const session = { content, location, patience };
  if (end.uploads.session === "patch") return patchWhole(end, session, options);
  if ((await putWhole(end, session, options)) === "refused") await patchInstead(end, { content, patience }, options);
}

/** What is refused in both forms is refused for another reason than its form: the next blob begins as this one did. */
async function patchInstead(end: RepositoryEnd, { content, patience }: Upload, options: CallOptions): Promise<void> {
  await patchWhole(end, { content, patience, location: await startSession(end, content, options) }, options);
  end.uploads.session = "patch";
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
    repeats: "upload",
    headers: content === undefined ? { "content-length": "0" } : octetStream,
    ...(content === undefined ? {} : { body: content.bytes ?? content }),
    signal: options.signal,
  });
}
