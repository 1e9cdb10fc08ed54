import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { IndexContent } from "../classic-index/index-input.ts";
import type { Clock } from "../clock.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import type { HttpAnswer, HttpClient } from "../http/http-client.ts";
import { gunzippedIfGzip } from "./gunzip-index.ts";
import { httpFailure } from "./http-failure.ts";
import { temporaryFileError } from "./temporary-file.ts";
import { shownUrl } from "../http/redact.ts";

export interface FetchIndexOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
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
  readonly file: FileHandle;
  readonly options: FetchIndexOptions;
  size: number;
  /** Length of the whole index, once an answer has told it. */
  total: number | undefined;
  /** Strong ETag or date that makes a resumed download safe (RFC 9110 section 13.1.5). */
  validator: string | undefined;
}

/** Cuts in a row without a byte gained. */
const fruitlessAttempts = 5;
/** Cuts at all: a server that gives a little each time must come to an end as well. */
const mostAttempts = 100;

/** Brings the whole index to a temporary file; a cut is resumed where it happened, if the server can. @throws index-missing, unauthenticated, index-truncated, file-unwritable (no room for it) … */
export async function fetchIndex(url: URL, options: FetchIndexOptions): Promise<FetchedIndex> {
  const directory = await mkdtemp(join(options.directory ?? tmpdir(), "chartferry-index-")).catch(fileFault(options));
  const release = async (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const path = join(directory, "index");
    const file = await open(path, "wx", 0o600).catch(fileFault(options));
    const download: Download = { url, file, options, size: 0, total: undefined, validator: undefined };
    try {
      await downloadAll(download);
    } finally {
      await file.close().catch(fileFault(options));
    }
    const openFile = (signal?: AbortSignal): AsyncIterable<Uint8Array> => createReadStream(path, signal === undefined ? {} : { signal });
    return {
      open: (signal) => gunzippedIfGzip(() => openFile(signal), options.limit),
      lengthVerified: download.total !== undefined,
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function downloadAll(download: Download): Promise<void> {
  let fruitless = 0;
  let furthest = 0;
  for (let attempt = 1; ; attempt += 1) {
    const cut = await downloadSome(download);
    if (cut === undefined) return;
    // A server that cannot resume begins at 0 again: coming as far as before is no gain.
    fruitless = download.size > furthest ? 0 : fruitless + 1;
    furthest = Math.max(furthest, download.size);
    if (fruitless >= fruitlessAttempts || attempt >= mostAttempts) throw cutOff(download, cut);
    await download.options.clock.sleep(500 * 2 ** fruitless, download.options.signal);
  }
}

/** One request; what interrupted it, or `undefined` when the index is whole. */
async function downloadSome(download: Download): Promise<ChartferryError | undefined> {
  const answer = await request(download);
  if (answer.status === 416) {
    await answer.dump();
    await restart(download);
    return new ChartferryError("the server would not resume the download", {
      code: "connection-lost",
      operation: "read index",
      retryable: true,
    });
  }
  if (!continues(download, answer)) {
    if (answer.status !== 200) throw await indexFailure(answer, download.url);
    await restart(download);
    download.total = lengthOf(answer.headers["content-length"]);
    download.validator = validatorOf(answer);
  }
  try {
    for await (const chunk of answer.stream()) await append(download, chunk);
  } catch (error) {
    if (!isChartferryError(error, "connection-lost", "timeout", "size-mismatch")) throw error;
    return error;
  }
  if (download.total === undefined || download.size === download.total) return undefined;
  if (download.size > download.total) await restart(download);
  return new ChartferryError(`${download.size} of ${download.total} bytes came`, {
    code: "connection-lost",
    operation: "read index",
    retryable: true,
  });
}

async function request(download: Download): Promise<HttpAnswer> {
  const { url, size, validator, options } = download;
  const range = size > 0 && validator !== undefined ? { range: `bytes=${size}-`, "if-range": validator } : {};
  const headers = { accept: "*/*", "accept-encoding": "identity", ...range };
  return options.http.send({ method: "GET", url, headers, operation: "read index", scopes: [], signal: options.signal });
}

/** Whether the answer goes on exactly where we stand in the index that we know. */
function continues(download: Download, answer: HttpAnswer): boolean {
  if (answer.status !== 206 || download.size === 0) return false;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers["content-range"] ?? "");
  return range?.[1] === String(download.size) && (range[2] === "*" || download.total === undefined || range[2] === String(download.total));
}

async function append(download: Download, chunk: Uint8Array): Promise<void> {
  if (download.size + chunk.byteLength > download.options.limit) {
    throw new ChartferryError(`the index at ${shownUrl(download.url)} is larger than ${download.options.limit} bytes`, {
      code: "too-large",
      operation: "read index",
      registry: download.url.host,
    });
  }
  let written = 0;
  while (written < chunk.byteLength) {
    const writing = download.file.write(chunk, written, chunk.byteLength - written, download.size + written);
    written += (await writing.catch(fileFault(download.options))).bytesWritten;
  }
  download.size += chunk.byteLength;
}

async function restart(download: Download): Promise<void> {
  await download.file.truncate(0).catch(fileFault(download.options));
  download.size = 0;
  download.total = undefined;
  download.validator = undefined;
}

function fileFault({ directory }: FetchIndexOptions): (error: unknown) => never {
  return (error) => {
    throw temporaryFileError(error, "read index", directory);
  };
}

function validatorOf(answer: HttpAnswer): string | undefined {
  const etag = answer.headers["etag"];
  return etag !== undefined && !etag.startsWith("W/") ? etag : answer.headers["last-modified"];
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
