import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as send, type ServerResponse } from "node:http";

import { type Listening, listenOnLoopback } from "./listen-on-loopback.ts";

export interface ProxiedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface ProxiedAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
}

export interface ProxyOptions {
  /** Answers instead of the server behind; returns true when it did. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** May change status and headers of an answer of the server behind. */
  readonly change?: (request: ProxiedRequest, answer: ProxiedAnswer) => void;
}

export interface RunningProxy extends Listening {
  /** Every request so far, oldest first. */
  readonly requests: ProxiedRequest[];
}

/** Stands before a real server, writes down every request and may change what it answers. The Host header passes unchanged. */
export async function startProxy(upstream: string, options: ProxyOptions = {}): Promise<RunningProxy> {
  const requests: ProxiedRequest[] = [];
  const server = createServer((request, response) => {
    const seen = { method: request.method ?? "", path: request.url ?? "", headers: request.headers };
    requests.push(seen);
    if (options.intercept?.(request, response) === true) request.resume();
    else forward(upstream, { request, response, seen, options });
  });
  return { ...(await listenOnLoopback(server)), requests };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: ProxiedRequest;
  readonly options: ProxyOptions;
}

function forward(upstream: string, { request, response, seen, options }: Exchange): void {
  const { method, headers } = seen;
  const onward = send(`${upstream}${seen.path}`, { method, headers, agent: false }, (answer) => {
    const changed: ProxiedAnswer = { status: answer.statusCode ?? 502, headers: { ...answer.headers } };
    options.change?.(seen, changed);
    response.writeHead(changed.status, changed.headers);
    answer.pipe(response);
  });
  onward.once("error", () => response.destroy());
  request.pipe(onward);
}
