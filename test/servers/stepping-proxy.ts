import { Agent, createServer, type IncomingMessage, request as forward, type ServerResponse } from "node:http";

import { listenOnLoopback } from "./listen-on-loopback.ts";

/** A moment in the life of one request, as the server behind the proxy sees it: nothing of it, half of its body, or all of it and the client not yet the answer. */
export const sides = ["before", "within", "after"] as const;

export interface Step {
  readonly side: (typeof sides)[number];
  /** Place of the request among all that came, from 1. */
  readonly place: number;
  /** `PUT manifest`, `POST blob` …: what to call it in a message. */
  readonly kind: string;
}

export interface SteppingProxy {
  readonly host: string;
  readonly url: string;
  /** Steps passed so far, those `within` only where there was a body to divide. */
  readonly steps: readonly Step[];
  readonly stop: () => Promise<void>;
}

/**
 * Stands in front of a server of this machine (`127.0.0.1:PORT`) and stops at every step: `reach` is waited for. Once it answers
 * `break`, that request goes no further and the client's connection ends.
 */
export async function startSteppingProxy(
  upstream: () => string,
  reach: (step: Step) => Promise<"break" | void> | "break" | void,
): Promise<SteppingProxy> {
  const steps: Step[] = [];
  const agent = new Agent({ keepAlive: true });
  let requests = 0;
  const server = createServer((request, response) => {
    const place = ++requests;
    const pass = async (side: Step["side"]): Promise<boolean> => {
      const step = { side, place, kind: kindOf(request) };
      steps.push(step);
      return (await reach(step)) !== "break";
    };
    passOn({ upstream: upstream(), agent, request, response, pass }).catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server);
  return {
    ...listening,
    steps,
    async stop() {
      await listening.stop();
      agent.destroy();
    },
  };
}

interface Exchange {
  readonly upstream: string;
  readonly agent: Agent;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly pass: (side: Step["side"]) => Promise<boolean>;
}

async function passOn({ upstream, agent, request, response, pass }: Exchange): Promise<void> {
  const body = await bytesOf(request);
  if (!(await pass("before"))) throw new Error("broken off");
  const { method, url, headers } = request;
  const onward = forward(`http://${upstream}${url}`, { method, headers, agent });
  const answered = new Promise<IncomingMessage>((settle, fail) => onward.once("response", settle).once("error", fail));
  // Whoever breaks off here has no use for the failure that follows.
  answered.catch(() => undefined);
  if (body.byteLength > 1) {
    await new Promise((written) => onward.write(body.subarray(0, body.byteLength >> 1), written));
    if (!(await pass("within"))) {
      onward.destroy();
      throw new Error("broken off");
    }
    onward.end(body.subarray(body.byteLength >> 1));
  } else onward.end(body);
  const answer = await answered;
  const content = await bytesOf(answer);
  if (!(await pass("after"))) throw new Error("broken off");
  response.writeHead(answer.statusCode ?? 0, answer.rawHeaders).end(content);
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function kindOf({ method = "", url = "" }: IncomingMessage): string {
  const place = /\/(tags|manifests|uploads|blobs|referrers)\/|^\/v2\/$/u.exec(url);
  const names: Readonly<Record<string, string>> = { tags: "tags", manifests: "manifest", uploads: "upload", blobs: "blob" };
  if (place === null) return `${method} ${url.replace(/^.*\//u, "")}`;
  return `${method} ${/\/blobs\/uploads\//u.test(url) ? "upload" : (names[place[1] ?? ""] ?? place[1] ?? "/v2/")}`;
}
