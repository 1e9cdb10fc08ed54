import { Readable } from "node:stream";

import { type Dispatcher, errors } from "undici";

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
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let body: FillableBody | undefined;
    let interim = 0;
    const abort = (): void => controller?.abort(abortedBy(signal));
    signal?.addEventListener("abort", abort);
    const over = (): void => signal?.removeEventListener("abort", abort);
    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal?.aborted === true) abort();
      },
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
        over();
        body?.end();
      },
      onResponseError(_controller, error) {
        over();
        if (request.body instanceof Readable) request.body.on("error", () => undefined).destroy(error);
        if (body === undefined) reject(error);
        else body.fail(error);
      },
    });
  });
}

function abortedBy(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
