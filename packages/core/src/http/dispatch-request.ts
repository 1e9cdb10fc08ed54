import { Readable } from "node:stream";

import type { Dispatcher } from "undici";
import errors from "undici/lib/core/errors.js";

import { type AnswerBody, createBody, type FillableBody } from "./answer/answer-body.ts";

/** An answer whose head has come. */
export interface ArrivedAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AnswerBody;
}

/** Answers such as 102 and 103, each of which gives the server as much time again. */
const mostInterim = 20;

/** Hands a request to undici and resolves with the head of its answer. undici's own `request` makes a stream of every answer, which costs more than all the rest. */
export function dispatchRequest(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<ArrivedAnswer> {
  // An abort that is over wakes nobody: the request would wait in line until it could be started.
  if (signal?.aborted === true) {
    const error = abortedBy(signal);
    dropUpload(request, error);
    return Promise.reject(error);
  }
  return new Promise((resolve, reject) => {
    let body: FillableBody | undefined;
    let interim = 0;
    const stopping = heed(signal, (error) => {
      dropUpload(request, error);
      reject(error);
    });
    dispatcher.dispatch(request, {
      onRequestStart: (started) => stopping.started(started),
      onResponseStart(started, status, headers) {
        // The answer itself is still to come.
        if (status < 200) {
          if (++interim > mostInterim) started.abort(new errors.HeadersTimeoutError());
          return;
        }
        body = createBody(started);
        resolve({ status, headers, body });
      },
      onResponseData: (_controller, chunk) => body?.push(chunk),
      onResponseEnd() {
        stopping.over();
        body?.end();
      },
      onResponseError(_controller, error) {
        stopping.over();
        dropUpload(request, error);
        if (body === undefined) reject(error);
        else body.fail(error);
      },
    });
  });
}

interface Stopping {
  started(controller: Dispatcher.DispatchController): void;
  over(): void;
}

/** Breaks off a request whenever its signal says so; one that waits in line for a connection, which may take long, at once for its caller. */
function heed(signal: AbortSignal | undefined, inLine: (error: Error) => void): Stopping {
  let controller: Dispatcher.DispatchController | undefined;
  const over = (): void => signal?.removeEventListener("abort", abort);
  const abort = (): void => {
    const error = abortedBy(signal);
    if (controller !== undefined) {
      controller.abort(error);
      return;
    }
    over();
    inLine(error);
  };
  signal?.addEventListener("abort", abort);
  return {
    started(begun) {
      controller = begun;
      // Aborted while in line: it must not be sent now.
      if (signal?.aborted === true) abort();
    },
    over,
  };
}

function dropUpload({ body }: Dispatcher.DispatchOptions, error: Error): void {
  if (body instanceof Readable) body.on("error", () => undefined).destroy(error);
}

function abortedBy(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
