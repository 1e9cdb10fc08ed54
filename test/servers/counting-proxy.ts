import { Agent, createServer, type IncomingMessage, request as forward, type ServerResponse } from "node:http";

import { listenOnLoopback } from "./listen-on-loopback.ts";

export interface ProxiedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Answered status; 0 while it is being answered, and for ever when the client went away. */
  status: number;
}

export interface CountingProxy {
  readonly host: string;
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: ProxiedRequest[];
  /** Empties `requests` and returns what was in it. */
  readonly take: () => ProxiedRequest[];
  readonly stop: () => Promise<void>;
}

export interface CountingProxyOptions {
  /** Called, and waited for, before a request goes on to the registry. */
  readonly before?: (request: ProxiedRequest) => Promise<void> | void;
}

/**
 * Stands in front of a registry on this machine (`127.0.0.1:PORT`) and counts what arrives. The Host header goes on unchanged, so that
 * absolute Locations lead back here.
 */
export async function startCountingProxy(registry: string, options: CountingProxyOptions = {}): Promise<CountingProxy> {
  const requests: ProxiedRequest[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    const seen: ProxiedRequest = { method: request.method ?? "", path: request.url ?? "", status: 0 };
    requests.push(seen);
    void passOn({ registry, agent, request, response, seen, before: options.before });
  });
  const listening = await listenOnLoopback(server);
  return {
    ...listening,
    requests,
    take: () => requests.splice(0),
    async stop() {
      await listening.stop();
      agent.destroy();
    },
  };
}

interface Exchange {
  readonly registry: string;
  readonly agent: Agent;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: ProxiedRequest;
  readonly before: CountingProxyOptions["before"] | undefined;
}

async function passOn({ registry, agent, request, response, seen, before }: Exchange): Promise<void> {
  await before?.(seen);
  const { method, url, headers } = request;
  const onward = forward(`http://${registry}${url}`, { method, headers, agent }, (answer) => {
    seen.status = answer.statusCode ?? 0;
    response.writeHead(seen.status, answer.rawHeaders);
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  // A registry may answer before it has read the body and close: what was answered stands.
  onward.once("error", () => (response.headersSent ? undefined : response.destroy()));
  request.once("error", () => onward.destroy());
  request.once("aborted", () => onward.destroy());
  request.pipe(onward);
}
