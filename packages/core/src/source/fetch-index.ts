import type { IndexContent } from "../classic-index/index-input.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import { leastBytes } from "../http/answer/least-speed.ts";
import type { HttpAnswer, HttpClient } from "../http/http-client.ts";
import { brokenDownload, workRepeats } from "../http/repeat-policy.ts";
import { gunzippedIfGzip } from "./gunzip-index.ts";
import { httpFailure } from "./http-failure.ts";
import { openTemporaryFile } from "./open-temporary-file.ts";
import type { TemporaryFile } from "./open-temporary-file.ts";
import { shownUrl } from "../http/redact.ts";
import { shown } from "../shown-text.ts";

export interface FetchIndexOptions {
  readonly http: HttpClient;
  /** Bytes, also after decompression. */
  readonly limit: number;
  /** Where the temporary file goes; default: the system's folder. */
  readonly directory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedIndex extends IndexContent {
  /** The server said how long it is, and so long it is. */
  readonly lengthVerified: boolean;
  release(): Promise<void>;
}

interface Download {
  readonly url: URL;
  readonly file: TemporaryFile;
  readonly options: FetchIndexOptions;
  size: number;
  /** Length of the whole index, once an answer has told it. */
  total: number | undefined;
  /** Strong ETag or date that makes a resumed download safe (RFC 9110 section 13.1.5). */
  validator: string | undefined;
}

/** Cuts in a row without a byte gained. */
const { tries: fruitlessTries } = workRepeats["index download"].broken;
/** Cuts at all: a server that gives a little each time must come to an end as well, and one that gives much may take its time. */
const mostAttempts = 100;
/** What each further attempt must have brought. Bytes. */
const bytesPerAttempt = 1024 * 1024;

/** Brings the whole index to a temporary file; a cut is resumed where it happened, if the server can. @throws index-missing, unauthenticated, index-truncated, file-unwritable (no room for it) … */
export async function fetchIndex(url: URL, options: FetchIndexOptions): Promise<FetchedIndex> {
  const file = await openTemporaryFile({ directory: options.directory, operation: "read index" });
  const download: Download = { url, file, options, size: 0, total: undefined, validator: undefined };
  try {
    await downloadAll(download);
  } catch (error) {
    await file.release();
    throw error;
  }
  return {
    open: (signal) => gunzippedIfGzip(() => file.read(signal), options.limit),
    lengthVerified: download.total !== undefined,
    release: () => file.release(),
  };
}

async function downloadAll(download: Download): Promise<void> {
  let fruitless = 0;
  let furthest = 0;
  for (let attempt = 1; ; attempt += 1) {
    const cut = await downloadSome(download);
    if (cut === undefined) return;
    // A server that cannot resume begins at 0 again: coming as far as before is no gain. Nor is a little where time ran out.
    const gain = download.size - furthest;
    fruitless = gain >= (cut.code === "timeout" ? leastBytes : 1) ? 0 : fruitless + 1;
    furthest = Math.max(furthest, download.size);
    if (fruitless >= fruitlessTries || attempt >= mostAttempts + Math.floor(furthest / bytesPerAttempt)) throw cutOff(download, cut);
    await download.options.http.pause({ attempt: fruitless + 1, error: cut, signal: download.options.signal });
  }
}

/** One request; what interrupted it, or `undefined` when the index is whole. */
async function downloadSome(download: Download): Promise<ChartferryError | undefined> {
  let hasBegun = download.size > 0;
  try {
    const answer = await request(download);
    if (!(await accepts(download, answer))) return interrupted(download, "the server would not resume the download");
    hasBegun = true;
    for await (const chunk of answer.stream()) await append(download, chunk);
  } catch (error) {
    if (!isCut(error, hasBegun)) throw error;
    return error;
  }
  if (download.total === undefined || download.size === download.total) return undefined;
  const came = `${download.size} of ${download.total} bytes came`;
  if (download.size > download.total) await restart(download);
  return interrupted(download, came);
}

/** Whether the failure interrupts a download that has begun. A first request that gets no answer has been repeated already, and says itself what is wrong. */
function isCut(error: unknown, hasBegun: boolean): error is ChartferryError {
  return hasBegun && isChartferryError(error, ...brokenDownload, "size-mismatch", "connection-refused", "unavailable");
}

/** Takes note of an answer that begins the index or goes on with it. `false` = it does neither; the next request asks for all of it. @throws what any other answer means */
async function accepts(download: Download, answer: HttpAnswer): Promise<boolean> {
  if (answer.status === 200) {
    await refuseEncoding(answer, download.url);
    await restart(download);
    download.total = lengthOf(answer.headers["content-length"]);
    download.validator = validatorOf(answer);
    return true;
  }
  if (continues(download, answer)) return true;
  // Asked for a part of an index that is another one by now, or by a server that does not compare: 416, or a part that does not fit.
  if (download.size === 0 || (answer.status !== 206 && answer.status !== 416)) throw await indexFailure(answer, download.url);
  await answer.dump();
  await restart(download);
  return false;
}

/** We ask for none. gzip is told by its own first bytes, for many servers keep it so and say nothing; what else there is cannot be told. @throws protocol-violation */
async function refuseEncoding(answer: HttpAnswer, url: URL): Promise<void> {
  const encoding = answer.headers["content-encoding"] ?? "identity";
  if (/^(?:identity|(?:x-)?gzip)$/i.test(encoding.trim())) return;
  await answer.dump();
  throw new ChartferryError(`${shownUrl(url)}: the index comes compressed as ${shown(encoding)}, which was not asked for`, {
    code: "protocol-violation",
    operation: "read index",
    registry: url.host,
    hint: "Have the server send it as it is or as gzip, or fetch it by hand and name the folder that holds it",
  });
}

async function request(download: Download): Promise<HttpAnswer> {
  const { url, size, validator, options } = download;
  const range = size > 0 && validator !== undefined ? { range: `bytes=${size}-`, "if-range": validator } : {};
  const headers = { accept: "*/*", "accept-encoding": "identity", ...range };
  return options.http.send({ method: "GET", url, headers, operation: "read index", scopes: [], signal: options.signal });
}

/** Whether the answer goes on exactly where we stand in the index that we know. Not every server heeds If-Range. */
function continues(download: Download, answer: HttpAnswer): boolean {
  const { size, total, validator } = download;
  if (answer.status !== 206 || size === 0) return false;
  const [, from, of] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers["content-range"] ?? "") ?? [];
  if (from !== String(size) || !isSameTag(validator, answer.headers["etag"])) return false;
  download.total ??= lengthOf(of);
  return total === undefined || of === "*" || of === String(total);
}

function isSameTag(validator: string | undefined, etag: string | undefined): boolean {
  return etag === undefined || validator?.startsWith('"') !== true || etag === validator;
}

async function append(download: Download, chunk: Uint8Array): Promise<void> {
  if (download.size + chunk.byteLength > download.options.limit) {
    throw new ChartferryError(`the index at ${shownUrl(download.url)} is larger than ${download.options.limit} bytes`, {
      code: "too-large",
      operation: "read index",
      registry: download.url.host,
    });
  }
  await download.file.write(chunk, download.size);
  download.size += chunk.byteLength;
}

async function restart(download: Download): Promise<void> {
  if (download.size > 0) await download.file.clear();
  download.size = 0;
  download.total = undefined;
  download.validator = undefined;
}

function interrupted({ url }: Download, reason: string): ChartferryError {
  return new ChartferryError(reason, { code: "connection-lost", operation: "read index", retryable: true, registry: url.host });
}

function validatorOf({ headers }: HttpAnswer): string | undefined {
  const { etag, date, "last-modified": modified } = headers;
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  // Within one second a file may change twice under one date (RFC 9110 section 8.8.2.2).
  const age = Date.parse(date ?? "") - Date.parse(modified ?? "");
  return age < 1000 ? undefined : modified;
}

function lengthOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function indexFailure(answer: HttpAnswer, url: URL): Promise<ChartferryError> {
  const missingHint = "Check the url: a chart repository has its index at <url>/index.yaml";
  return httpFailure(answer, url, { operation: "read index", what: "the index", missing: "index-missing", missingHint });
}

function cutOff(download: Download, cause: ChartferryError): ChartferryError {
  const of = download.total === undefined ? "" : ` of ${download.total}`;
  return new ChartferryError(
    `the index at ${shownUrl(download.url)} could not be fetched whole: it broke off after ${download.size}${of} bytes`,
    {
      code: "index-truncated",
      operation: "read index",
      retryable: true,
      registry: download.url.host,
      hint: "Run again; if it always breaks off, fetch the index by hand and name the folder that holds it",
      cause,
    },
  );
}
