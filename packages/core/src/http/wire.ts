import type { Clock } from "../clock.ts";
import { countedAs } from "./gate/counted-hosts.ts";
import { dispatchRequest } from "./dispatch-request.ts";
import type { HttpAnswer, HttpRequest, HostTraffic } from "./http-client.ts";
import { networkError } from "./network-error.ts";
import { openAnswer } from "./answer/open-answer.ts";
import { redactUrl } from "./redact.ts";
import { isRefusal } from "./gate/refusal.ts";
import type { Patience } from "./gate/patience.ts";
import { type RequestGate, throughGate } from "./gate/request-gate.ts";
import { noteBrokenAnswer, type Route, type Routes, type Timeouts } from "./route/routes.ts";
import { openUpload } from "./upload-body.ts";
import { ChartferryError } from "../errors.ts";

/** One request as it goes out: headers complete, Authorization included where it belongs. */
export interface WireRequest extends Pick<
  HttpRequest,
  "method" | "url" | "body" | "operation" | "repository" | "version" | "signal" | "whenHeld"
> {
  readonly headers: Readonly<Record<string, string>>;
  /** 1 = first time. */
  readonly attempt: number;
  readonly patience: Patience;
}

/** Sends one request once: no retry, no redirect, no sign-in. */
export interface Wire {
  exchange(request: WireRequest): Promise<HttpAnswer>;
  traffic(): Readonly<Record<string, HostTraffic>>;
}

export interface WireOptions {
  readonly routes: Routes;
  readonly gate: RequestGate;
  readonly timeouts: Timeouts;
  /** That nobody sets back. */
  readonly clock: Pick<Clock, "now">;
  readonly userAgent: string;
  readonly debug: ((line: string) => void) | undefined;
}

export function createWire(options: WireOptions): Wire {
  const hosts = new Map<string, HostTraffic>();
  return {
    exchange: (request) => exchange(request, trafficOf(hosts, request.url.host), options),
    traffic: () => Object.fromEntries([...hosts].map(([host, traffic]) => [host, { ...traffic, pausedMs: options.gate.pausedMs(host) }])),
  };
}

function trafficOf(hosts: Map<string, HostTraffic>, name: string): HostTraffic {
  const host = countedAs(name, hosts);
  const known = hosts.get(host);
  if (known !== undefined) return known;
  const fresh: HostTraffic = { requests: 0, retries: 0, bytesSent: 0, bytesReceived: 0, throttled: 0, pausedMs: 0 };
  hosts.set(host, fresh);
  return fresh;
}

function exchange(request: WireRequest, traffic: HostTraffic, options: WireOptions): Promise<HttpAnswer> {
  return throughGate(options.gate, request, async ({ heldMs }) => {
    if (heldMs > 0) await request.whenHeld?.(heldMs);
    const answer = await transmit(request, traffic, options);
    if (isRefusal(answer.status)) traffic.throttled += 1;
    return answer;
  });
}

async function transmit(request: WireRequest, traffic: HostTraffic, options: WireOptions): Promise<HttpAnswer> {
  const { method, url, operation, repository, version, signal } = request;
  const started = performance.now();
  const size = { received: 0 };
  const log = (status: string): void =>
    options.debug?.(debugLine(request, { status, milliseconds: performance.now() - started, bytes: size.received }));
  let route: Route | undefined;
  try {
    if (signal?.aborted === true) throw new Error("aborted before sending");
    const opening = options.routes.to(url, operation);
    route = opening instanceof Promise ? await opening : opening;
    traffic.requests += 1;
    if (request.attempt > 1) traffic.retries += 1;
    const response = await dispatchRequest(route.dispatcher, wireOptions(request, route, { traffic, options }), signal);
    route.answered = true;
    request.patience.unheard = false;
    if (method === "HEAD") route.sawHead = true;
    return openAnswer(response, {
      method,
      url,
      operation,
      repository,
      version,
      signal,
      proxy: route.proxy,
      speed: { clock: options.clock, withinMs: options.timeouts.bodyIdleMs },
      received: (bytes) => {
        size.received += bytes;
        traffic.bytesReceived += bytes;
      },
      finished: (problem) => log(problem === undefined ? String(response.status) : `${response.status} ${problem.code}`),
    });
  } catch (error) {
    const problem = problemOf(error, request, route);
    log(problem.code);
    throw problem;
  }
}

function problemOf(error: unknown, request: WireRequest, route: Route | undefined): ChartferryError {
  if (route !== undefined && noteBrokenAnswer(route, error)) return brokenAfterHead(error, request);
  const problem = networkError(error, { ...request, proxy: route?.proxy, answered: route?.answered });
  request.patience.unheard = problem.code === "timeout" && route?.answered !== true;
  return problem;
}

/** undici closes after every HEAD unless told otherwise, which costs a connection (and a TLS handshake) per request. */
function wireOptions(request: WireRequest, route: Route, { traffic, options }: { traffic: HostTraffic; options: WireOptions }) {
  const { method, url, signal } = request;
  const headers: Record<string, string> = { "user-agent": options.userAgent, ...request.headers, ...route.headers };
  const upload =
    request.body === undefined
      ? undefined
      : openUpload(request.body, {
          signal,
          sent: (bytes) => {
            traffic.bytesSent += bytes;
          },
        });
  if (upload !== undefined) headers["content-length"] = String(upload.size);
  return {
    origin: url.origin,
    path: `${route.pathPrefix}${url.pathname}${url.search}`,
    method,
    headers,
    body: upload?.body ?? null,
    reset: method === "HEAD" && route.closeAfterHead,
    headersTimeout: options.timeouts.headersMs,
    bodyTimeout: options.timeouts.bodyIdleMs,
  };
}

function brokenAfterHead(cause: unknown, { url, operation, repository, version }: WireRequest): ChartferryError {
  return new ChartferryError(`${url.host} sent a body after HEAD; its connections are closed after HEAD from now on`, {
    code: "connection-lost",
    retryable: true,
    operation,
    registry: url.host,
    repository,
    version,
    cause,
  });
}

function debugLine(request: WireRequest, end: { status: string; milliseconds: number; bytes: number }): string {
  const attempt = request.attempt > 1 ? ` attempt ${request.attempt}` : "";
  return `${request.method} ${redactUrl(request.url)} ${end.status} ${Math.round(end.milliseconds)} ms ${end.bytes} B${attempt}`;
}
