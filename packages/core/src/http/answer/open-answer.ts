import type { Dispatcher } from "undici";

import { ChartferryError } from "../../errors.ts";
import type { HttpAnswer, HttpRequest } from "../http-client.ts";
import { networkError, type NetworkErrorContext } from "../network-error.ts";
import { refusedByProxy } from "../route/proxy-refused.ts";

export interface AnswerContext extends NetworkErrorContext {
  readonly method: string;
  /** Body bytes as they come. */
  received(bytes: number): void;
  /** Called once: the body is at its end, thrown away, or broken. */
  finished(problem?: ChartferryError): void;
}

/** More than this is not read away: closing the connection is cheaper. Bytes. */
const dumpLimit = 256 * 1024;

const bodiless = new Set([204, 205, 304]);

/** An answer over undici's response; failures of its body become ChartferryErrors. @throws proxy-refused where it is a proxy's own */
export function openAnswer(response: Dispatcher.ResponseData, context: AnswerContext): HttpAnswer {
  if (response.statusCode === 407 && context.proxy !== undefined) {
    response.body.dump().catch(() => undefined);
    throw refusedByProxy(context.proxy, context);
  }
  const headers = joinHeaders(response.headers);
  let finished = false;
  const finish = (problem?: ChartferryError): void => {
    if (finished) return;
    finished = true;
    context.finished(problem);
  };
  const stream = (): AsyncIterable<Uint8Array> => readBody(response.body, context, finish);
  const empty = context.method === "HEAD" || bodiless.has(response.statusCode) || headers["content-length"] === "0";
  // Read at once, so that the connection is free for the next request.
  const drained = empty ? response.body.dump().catch(() => undefined) : undefined;
  if (empty) finish();
  const dump = async (): Promise<void> => {
    if (drained !== undefined) await drained;
    else if (!finished) await readAway(response.body, context).finally(() => finish());
  };
  return {
    status: response.statusCode,
    headers,
    url: context.url,
    stream,
    dump,
    bytes: (limit) => {
      const declared = context.method === "HEAD" ? 0 : (declaredLength(headers) ?? 0);
      if (declared <= limit) return collect(stream(), limit, context);
      // undici tells of the end that we make ourselves as an error; with nobody listening that would end the process.
      response.body.once("error", () => undefined).destroy();
      const problem = tooLarge(limit, context);
      finish(problem);
      return Promise.reject(problem);
    },
  };
}

/** An answer that nobody wants: what breaks it is no matter. */
async function readAway(body: AsyncIterable<Uint8Array>, context: AnswerContext): Promise<void> {
  let total = 0;
  try {
    for await (const chunk of body) {
      context.received(chunk.byteLength);
      total += chunk.byteLength;
      if (total > dumpLimit) return;
    }
  } catch {
    // Whoever dumps has what he needs: status and headers.
  }
}

async function* readBody(
  body: AsyncIterable<Uint8Array>,
  context: AnswerContext,
  finish: (problem?: ChartferryError) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of body) {
      context.received(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    const problem = networkError(error, context);
    finish(problem);
    throw problem;
  } finally {
    finish();
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>, limit: number, context: AnswerContext): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.byteLength;
    if (total > limit) throw tooLarge(limit, context);
    parts.push(chunk);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, total);
}

function tooLarge(limit: number, { operation, url, repository, version }: AnswerContext): ChartferryError {
  return new ChartferryError(`the answer of ${url.host} is larger than ${limit} bytes`, {
    code: "too-large",
    operation,
    registry: url.host,
    repository,
    version,
  });
}

function declaredLength(headers: HttpAnswer["headers"]): number | undefined {
  const text = headers["content-length"];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): HttpAnswer["headers"] {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), typeof value === "string" ? value : value?.join(", ")] as const,
  );
  return Object.fromEntries(entries);
}

/** The same answer, its body already read where the request wants that. @throws too-large, and what broke it off */
export async function readWhole(answer: HttpAnswer, { wholeBytes }: Pick<HttpRequest, "wholeBytes">): Promise<HttpAnswer> {
  return wholeBytes === undefined || answer.status !== 200 ? answer : withBody(answer, await answer.bytes(wholeBytes));
}

/** The same answer with a body that has already been read. */
export function withBody(answer: HttpAnswer, body: Uint8Array): HttpAnswer {
  return {
    ...answer,
    stream: async function* () {
      yield body;
    },
    bytes: () => Promise.resolve(body),
    dump: () => Promise.resolve(),
  };
}
