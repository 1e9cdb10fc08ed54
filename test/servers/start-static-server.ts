import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { resolve, sep } from "node:path";

import { listenOnLoopback } from "./listen-on-loopback.ts";
import type { TestCertificates } from "./make-certificates.ts";
import { basicAuthorization } from "../support/test-user.ts";

export type Route = (request: IncomingMessage, response: ServerResponse) => void;

export interface StaticServerOptions {
  /** Answers these paths instead of the folder; the path is matched exactly, without query. */
  readonly routes?: Readonly<Record<string, Route>>;
  /** Asks for Basic sign-in: `true` for the test user. */
  readonly auth?: boolean | { readonly username: string; readonly password: string };
  readonly tls?: TestCertificates;
  /** With `tls`: asks for a client certificate of the same authority. */
  readonly requireClientCertificate?: boolean;
}

export interface ServedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Answered status; 0 while it is being answered. */
  status: number;
}

export interface StaticServer {
  readonly host: string;
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: ServedRequest[];
  readonly stop: () => Promise<void>;
}

/** Serves a folder as a classic chart repository would be: GET, HEAD, single ranges, Last-Modified. */
export async function startStaticServer(folder: string, options: StaticServerOptions = {}): Promise<StaticServer> {
  const requests: ServedRequest[] = [];
  const listener: Route = (request, response) => {
    const served: ServedRequest = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, status: 0 };
    requests.push(served);
    response.once("close", () => (served.status = response.statusCode));
    answer(folder, { request, response, options });
  };
  const { tls } = options;
  const server = tls ? createTlsServer(tlsOptions(tls, options), listener) : createServer(listener);
  const listening = await listenOnLoopback(server, tls ? "https" : "http");
  return { ...listening, requests };
}

function tlsOptions(tls: TestCertificates, { requireClientCertificate = false }: StaticServerOptions): object {
  const own = { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
  return requireClientCertificate ? { ...own, ca: readFileSync(tls.caFile), requestCert: true, rejectUnauthorized: true } : own;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly options: StaticServerOptions;
}

function answer(folder: string, exchange: Exchange): void {
  const { request, response, options } = exchange;
  if (!isSignedIn(request, options)) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="charts"' }).end("unauthorized\n");
    return;
  }
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
  const routes = new Map(Object.entries(options.routes ?? {}));
  const route = routes.get(path);
  if (route) return route(request, response);
  const file = resolve(folder, `.${path}`);
  const isInside = file.startsWith(resolve(folder) + sep);
  if (isInside && existsSync(file) && statSync(file).isFile()) return sendFile(file, exchange);
  response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
}

function sendFile(file: string, { request, response }: Exchange): void {
  const { size, mtime } = statSync(file);
  const range = requestedRange(request, size);
  if (range && range.start >= size) {
    response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const ofRange = range ? { "content-range": `bytes ${start}-${end}/${size}` } : {};
  const headers = { "accept-ranges": "bytes", "last-modified": mtime.toUTCString(), "content-type": typeOf(file) };
  response.writeHead(range ? 206 : 200, { ...headers, ...ofRange, "content-length": end - start + 1 });
  if (request.method === "HEAD" || size === 0) response.end();
  else createReadStream(file, { start, end }).pipe(response);
}

/** Both ends included, as in the header. */
function requestedRange({ headers }: IncomingMessage, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/u.exec(headers.range ?? "");
  if (!match) return undefined;
  const last = match[2] ? Number(match[2]) : size - 1;
  return { start: Number(match[1]), end: Math.min(last, size - 1) };
}

function typeOf(file: string): string {
  if (file.endsWith(".yaml")) return "text/yaml";
  return file.endsWith(".tgz") ? "application/gzip" : "application/octet-stream";
}

function isSignedIn({ headers }: IncomingMessage, { auth = false }: StaticServerOptions): boolean {
  if (auth === false) return true;
  return headers.authorization === (auth === true ? basicAuthorization() : basicAuthorization(auth));
}
