import type { Dispatcher, ProxyAgent } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";

import { ChartferryError } from "../../errors.ts";
import type { AddressGuard } from "./address-guard.ts";
import { chooseProxy, type Proxy, type ProxyName, proxyName } from "./choose-proxy.ts";
import { connectorFor, withMendedConnector } from "./connector-for.ts";
import { isBrokenAnswer } from "../network-error.ts";
import type { TlsSettings } from "./tls-settings.ts";

/**
 * Milliseconds. `headers` counts from the end of the request, or from the last of it that the server took; `bodyIdle` between two pieces of the
 * answer, and each so much of waiting must bring at least a little of it (`leastBytes`).
 */
export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyIdleMs: number;
}

export interface RouteOptions {
  /** The registry or repository that the user named. */
  readonly origin: URL;
  readonly tls: TlsSettings;
  readonly timeouts: Timeouts;
  /** Connections to one origin. */
  readonly connections: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly guard: AddressGuard;
}

/** The way to one origin: directly, by an http proxy (absolute form), or through a tunnel (CONNECT). */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** Put before path and query: the origin where a proxy needs the absolute form. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For messages. */
  readonly proxy: ProxyName | undefined;
  /** Somebody has answered here: to whom no connection is to be had now may be starting anew. */
  answered: boolean;
  /** A HEAD has been answered here. */
  sawHead: boolean;
  /** This server sends a body after HEAD: its connections cannot be kept then. */
  closeAfterHead: boolean;
}

export interface Routes {
  /** At once where it is open already. @throws redirect-refused where the address rules forbid the host; aborted once closed */
  to(url: URL, operation: string): Route | Promise<Route>;
  /** Ends what is still on its way. */
  close(): Promise<void>;
}

/** An index may name any number of hosts; the way that was not taken for the longest time is closed beyond this. */
const originLimit = 256;

/** Large enough for redirects to signed urls, small enough for a header bomb. Bytes. */
const maxHeaderSize = 32 * 1024;

export function createRoutes(options: RouteOptions): Routes {
  /** The one taken last comes last. */
  const routes = new Map<string, Route>();
  /** No longer taken, with answers that may still be read. */
  const retired = new Set<Dispatcher>();
  let closed = false;
  const take = (url: URL): Route | undefined => {
    const route = routes.get(url.origin);
    if (route === undefined) return undefined;
    routes.delete(url.origin);
    routes.set(url.origin, route);
    return route;
  };
  const open = async (url: URL, operation: string): Promise<Route> => {
    await options.guard.check(url, operation);
    const way = await wayTo(url, options);
    if (closed) throw new ChartferryError("the connections are closed", { code: "aborted", operation, registry: url.host });
    const known = take(url);
    if (known !== undefined) return known;
    const route = openRoute(url, way, options);
    routes.set(url.origin, route);
    if (routes.size > originLimit) retireLongestUnused(routes, retired);
    return route;
  };
  return {
    to: (url, operation) => take(url) ?? open(url, operation),
    close: async () => {
      closed = true;
      const dispatchers = [...[...routes.values()].map(({ dispatcher }) => dispatcher), ...retired];
      routes.clear();
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function retireLongestUnused(routes: Map<string, Route>, retired: Set<Dispatcher>): void {
  const [longestUnused] = routes;
  if (longestUnused === undefined) return;
  const [origin, { dispatcher }] = longestUnused;
  routes.delete(origin);
  retired.add(dispatcher);
  void dispatcher.close().finally(() => retired.delete(dispatcher));
}

interface Way {
  readonly proxy: Proxy | undefined;
  /** Needs all of undici, which takes its time to load. */
  readonly Tunnel: typeof ProxyAgent | undefined;
}

async function wayTo(url: URL, { environment }: RouteOptions): Promise<Way> {
  const proxy = chooseProxy(url, environment);
  const isTunnel = proxy !== undefined && url.protocol === "https:";
  return { proxy, Tunnel: isTunnel ? (await import("undici")).ProxyAgent : undefined };
}

function openRoute(url: URL, { proxy, Tunnel }: Way, options: RouteOptions): Route {
  const route: Route = {
    dispatcher: proxy === undefined ? directPool(url, options) : proxied(url, { proxy, Tunnel }, options),
    pathPrefix: proxy !== undefined && url.protocol === "http:" ? url.origin : "",
    headers: proxy !== undefined && url.protocol === "http:" ? proxyHeaders(url, proxy) : {},
    proxy: proxy && proxyName(proxy),
    answered: false,
    sawHead: false,
    closeAfterHead: false,
  };
  route.dispatcher.on("disconnect", (_origin, _targets, error) => noteBrokenAnswer(route, error));
  return route;
}

/** After a HEAD, bytes that are no answer mean that the server sent a body which it must not send (RFC 9110 section 9.3.2). */
export function noteBrokenAnswer(route: Route, error: unknown): boolean {
  const broken = isBrokenAnswer(error) || (error instanceof Error && error.message === "bad response");
  if (broken && route.sawHead) route.closeAfterHead = true;
  return broken && route.sawHead;
}

function directPool(url: URL, options: RouteOptions): Pool {
  return new Pool(url.origin, {
    connections: options.connections,
    maxHeaderSize,
    connect: connectorFor({ ...tlsFor(url, options), timeout: options.timeouts.connectMs, lookup: options.guard.lookupFor(url) }),
  });
}

/** The client certificate is an identity: it is shown to the host that the user named, to no other. */
function tlsFor(url: URL, { tls, origin }: RouteOptions): TlsSettings {
  if (url.hostname === origin.hostname) return tls;
  return { ...(tls.ca === undefined ? {} : { ca: tls.ca }), rejectUnauthorized: tls.rejectUnauthorized };
}

/** The proxy resolves names itself; only addresses written in the url could be judged. */
function proxied(
  url: URL,
  { proxy, Tunnel }: { readonly proxy: Proxy; readonly Tunnel: Way["Tunnel"] },
  options: RouteOptions,
): Dispatcher {
  const timeout = options.timeouts.connectMs;
  const toProxy = { ...tlsFor(proxy.url, options), timeout };
  if (Tunnel === undefined) {
    return new Pool(proxy.url.origin, { connections: options.connections, maxHeaderSize, connect: connectorFor(toProxy) });
  }
  return new Tunnel({
    uri: proxy.url.origin,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    connections: options.connections,
    maxHeaderSize,
    requestTls: { ...tlsFor(url, options), timeout },
    proxyTls: toProxy,
    // The way to the proxy, and the tunnel inside of it.
    clientFactory: (origin, settings) => new Pool(origin, { ...withMendedConnector(settings), headersTimeout: timeout }),
    factory: (origin, settings) => new Pool(origin, withMendedConnector(settings)),
  });
}

function proxyHeaders(url: URL, proxy: Proxy): Record<string, string> {
  return { host: url.host, ...(proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }) };
}
