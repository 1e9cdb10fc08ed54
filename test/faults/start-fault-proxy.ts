import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";

import { listenOnLoopback } from "../servers/listen-on-loopback.ts";
import type { TestCertificates } from "../servers/make-certificates.ts";
import { askUpstream, type Exchange, give } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import { kindFacts, kindOf, type RequestKind } from "./request-kinds.ts";

/** What goes wrong, with which request, and how often. */
export interface Trouble {
  readonly kind: RequestKind;
  readonly fault: Pick<Fault, "inflict">;
  /** Every request of the kind, or the first alone. */
  readonly lasting: boolean;
}

export interface FaultProxyOptions {
  /** `http://127.0.0.1:PORT` of the server behind. */
  readonly upstream: string;
  readonly elsewhere?: string;
  readonly challenge?: () => string;
  readonly tls?: TestCertificates | undefined;
}

export interface FaultProxy {
  readonly host: string;
  readonly url: string;
  /** Requests since it was armed. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly authorization: string | undefined }[];
  /** How often that came about. */
  readonly inflicted: (trouble: Trouble) => number;
  readonly openSockets: () => number;
  /** From now on; forgets what was before. */
  readonly arm: (troubles: readonly Trouble[]) => void;
  readonly stop: () => Promise<void>;
}

/** Stands before a server of this machine and spoils what it is told to spoil. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { upstream, elsewhere = upstream, challenge = () => "", tls } = options;
  const requests: FaultProxy["requests"][number][] = [];
  const sockets = new Set<Socket>();
  let troubles: readonly Trouble[] = [];
  const inflicted = new Map<Trouble, number>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, path: url, authorization: headers.authorization });
    const exchange: Exchange = { request, response, upstream, path: url.replace(/^\/again/u, ""), elsewhere, challenge: challenge() };
    const trouble = troubles.find((each) => isMeant(request, each) && (each.lasting || !inflicted.has(each)));
    if (trouble !== undefined) inflicted.set(trouble, (inflicted.get(trouble) ?? 0) + 1);
    const work = trouble === undefined ? passOn(exchange) : trouble.fault.inflict(exchange);
    // A client that goes away breaks whatever was under way.
    Promise.resolve(work).catch(() => request.socket.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(keysOf(tls), listener);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  });
  const { host, url, stop } = await listenOnLoopback(server, tls === undefined ? "http" : "https");
  return {
    host,
    url,
    requests,
    inflicted: (trouble) => inflicted.get(trouble) ?? 0,
    openSockets: () => sockets.size,
    arm(next) {
      troubles = next;
      inflicted.clear();
      requests.length = 0;
    },
    stop,
  };
}

/** A registry refuses the first request anyway, for it carries no token; but for the look at it, the one that follows is meant. */
function isMeant(request: IncomingMessage, { kind }: Trouble): boolean {
  const needsToken = kindFacts[kind].place === "registry" && kind !== "ping";
  return kindOf(request) === kind && (!needsToken || request.headers.authorization !== undefined);
}

async function passOn(exchange: Exchange): Promise<void> {
  give(exchange, await askUpstream(exchange));
}

function keysOf(tls: TestCertificates): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
}
