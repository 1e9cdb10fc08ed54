import { ChartferryError } from "../../errors.ts";
import { createPieceList } from "../../piece-list.ts";
import type { ArrivedAnswer } from "../dispatch-request.ts";
import type { HttpAnswer, HttpRequest } from "../http-client.ts";
import { networkError, type NetworkErrorContext, slowAnswer } from "../network-error.ts";
import { atLeastSpeed, type NextPiece, type SpeedWatch } from "./least-speed.ts";
import { refusedByProxy } from "../route/proxy-refused.ts";

export interface AnswerContext extends NetworkErrorContext {
  readonly method: string;
  /** How slow a body may be. */
  readonly speed: Pick<SpeedWatch, "clock" | "withinMs">;
  /** Body bytes as they come. */
  received(bytes: number): void;
  /** Called once: the body is at its end, thrown away, or broken. */
  finished(problem?: ChartferryError): void;
}

/** More than this is not read away: closing the connection is cheaper. Bytes. */
const dumpLimit = 256 * 1024;

const bodiless = new Set([204, 205, 304]);

/** An answer whose head has come; failures of its body become ChartferryErrors. @throws proxy-refused where it is a proxy's own */
export function openAnswer({ status, headers: given, body }: ArrivedAnswer, context: AnswerContext): HttpAnswer {
  if (status === 407 && context.proxy !== undefined) {
    body.abandon();
    throw refusedByProxy(context.proxy, context);
  }
  const headers = joinHeaders(given);
  let finished = false;
  const finish = (problem?: ChartferryError): void => {
    if (finished) return;
    finished = true;
    context.finished(problem);
  };
  const read = atLeastSpeed(() => body.read(), { ...context.speed, tooSlow: (came) => slowAnswer(came, context) });
  const next: NextPiece = async () => {
    try {
      const chunk = await read();
      if (chunk === undefined) finish();
      else context.received(chunk.byteLength);
      return chunk;
    } catch (error) {
      const problem = networkError(error, context);
      leave(problem);
      throw problem;
    }
  };
  const leave = (problem?: ChartferryError): void => {
    body.abandon();
    finish(problem);
  };
  if (context.method === "HEAD" || bodiless.has(status) || headers["content-length"] === "0") finish();
  return {
    status,
    headers,
    url: context.url,
    stream: () => streamOf(next, leave),
    dump: async () => {
      if (!finished) await readAway(next).finally(() => leave());
    },
    bytes: async (limit) => {
      const declared = context.method === "HEAD" ? 0 : (declaredLength(headers) ?? 0);
      const bytes = declared > limit ? undefined : await collect(next, limit);
      if (bytes !== undefined) return bytes;
      const problem = tooLarge(limit, context);
      leave(problem);
      throw problem;
    },
  };
}

/** An answer that nobody wants: what breaks it is no matter, since whoever dumps has what he needs, status and headers. */
async function readAway(next: NextPiece): Promise<void> {
  let total = 0;
  const read = (): Promise<Uint8Array | undefined> => next().catch(() => undefined);
  for (let chunk = await read(); chunk !== undefined && total <= dumpLimit; chunk = await read()) total += chunk.byteLength;
}

async function* streamOf(next: NextPiece, leave: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
  } finally {
    leave();
  }
}

/** `undefined` = there is more than that. */
async function collect(next: NextPiece, limit: number): Promise<Uint8Array | undefined> {
  const parts = createPieceList();
  for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
    parts.add(chunk);
    if (parts.size > limit) return undefined;
  }
  return parts.join();
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
