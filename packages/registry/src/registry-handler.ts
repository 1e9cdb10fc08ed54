import type { LayoutTree } from "@chartferry/core/layout";

import { blobEndpoint } from "./blob-endpoints.ts";
import type { Exchange, HandlerLimits, RepositoryExchange } from "./endpoint.ts";
import { catalogEndpoint, referrersEndpoint, tagsEndpoint } from "./list-endpoints.ts";
import { manifestEndpoint } from "./manifest-endpoints.ts";
import { answerTo, errorResponse } from "./registry-errors.ts";
import { accessOf, type RegistryHooks, type RoutedRequest } from "./registry-hooks.ts";
import { bodySize, json, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "./registry-request.ts";
import { methodsOf, parseRoute, type Route } from "./route.ts";
import { beginEndpoint, sessionEndpoint } from "./upload-endpoints.ts";
import { ChartferryError, largestManifest } from "@chartferry/core";

export interface RegistryHandlerOptions {
  readonly tree: LayoutTree;
  readonly hooks?: RegistryHooks;
  readonly limits?: Partial<HandlerLimits>;
  /** Accept an index that names manifests which are not here (part of a multi-platform image). Default false: nothing is half there. */
  readonly sparseIndexes?: boolean;
  /** What is not the client's fault, for the server's own log. */
  readonly reportFailure?: (error: unknown) => void;
}

const defaultLimits: HandlerLimits = { maxManifestBytes: largestManifest, maxPage: 10_000 };

/** The registry as a function. Never rejects: what goes wrong, in a hook as well, becomes an answer. */
export function createRegistryHandler(options: RegistryHandlerOptions): RegistryHandler {
  const { hooks = {} } = options;
  const limits = { ...defaultLimits, ...options.limits };
  return async (received) => {
    const started = performance.now();
    const request = { ...received, body: bodyOf(received) };
    const route = parseRoute(request.path);
    const routed: RoutedRequest = { request, route, access: accessOf(request, route) };
    const exchange: Exchange = {
      tree: options.tree,
      request,
      routed,
      limits,
      sparseIndexes: options.sparseIndexes ?? false,
      // Whoever may push to one repository may not on that account read the others.
      anonymousMount: hooks.authorise === undefined,
      locate: (path) => hooks.location?.(path, routed) ?? path,
    };
    const response = await transformed(options, routed, await respond(exchange, options));
    observe(options, { request, response, started });
    return response;
  };
}

/** A body that breaks off is the sender's doing, and no failure of this registry. */
async function* bodyOf({ body }: RegistryRequest): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (cause) {
    throw new ChartferryError("the request broke off", { code: "connection-lost", operation: "read request", retryable: true, cause });
  }
}

async function transformed(options: RegistryHandlerOptions, routed: RoutedRequest, response: RegistryResponse): Promise<RegistryResponse> {
  try {
    return (await options.hooks?.transform?.(response, routed)) ?? response;
  } catch (error) {
    return answerAndReport(error, options);
  }
}

function observe(
  options: RegistryHandlerOptions,
  { request, response, started }: { request: RegistryRequest; response: RegistryResponse; started: number },
): void {
  const { method, path } = request;
  const bytesSent = method === "HEAD" ? 0 : bodySize(response);
  try {
    options.hooks?.observe?.({ method, path, status: response.status, bytesSent, milliseconds: performance.now() - started });
  } catch (error) {
    report(error, options);
  }
}

async function respond(exchange: Exchange, options: RegistryHandlerOptions): Promise<RegistryResponse> {
  const { routed } = exchange;
  const { hooks = {} } = options;
  try {
    return (await hooks.intercept?.(routed)) ?? (await hooks.authorise?.(routed)) ?? (await dispatch(exchange));
  } catch (error) {
    return (await mapped(error, { routed, options })) ?? answerAndReport(error, options);
  }
}

async function mapped(
  error: unknown,
  { routed, options }: { routed: RoutedRequest; options: RegistryHandlerOptions },
): Promise<RegistryResponse | undefined> {
  try {
    return await options.hooks?.mapError?.(error, routed);
  } catch (failure) {
    report(failure, options);
    return undefined;
  }
}

function answerAndReport(error: unknown, options: RegistryHandlerOptions): RegistryResponse {
  const response = answerTo(error);
  if (response.status >= 500) report(error, options);
  return response;
}

function report(error: unknown, { reportFailure }: RegistryHandlerOptions): void {
  try {
    reportFailure?.(error);
  } catch {
    // A log that fails is no reason to leave the client without its answer.
  }
}

async function dispatch(exchange: Exchange): Promise<RegistryResponse> {
  const { route } = exchange.routed;
  if (route === undefined) return errorResponse({ status: 404, code: "UNSUPPORTED", message: "no endpoint of the registry has this path" });
  const methods = methodsOf[route.kind];
  if (!methods.includes(exchange.request.method)) {
    const headers = { allow: methods.join(", ") };
    return errorResponse({ status: 405, code: "UNSUPPORTED", message: "this endpoint does not know the method", headers });
  }
  if (route.kind === "ping") return json(200, {});
  if (route.kind === "catalog") return catalogEndpoint(exchange);
  return inRepository({ ...exchange, repository: await exchange.tree.openRepository(route.repository) }, route);
}

function inRepository(exchange: RepositoryExchange, route: Exclude<Route, { kind: "ping" | "catalog" }>): Promise<RegistryResponse> {
  if (route.kind === "tags") return tagsEndpoint(exchange);
  if (route.kind === "referrers") return referrersEndpoint(exchange, route.digest);
  if (route.kind === "manifest") return manifestEndpoint(exchange, route.reference);
  if (route.kind === "blob") return blobEndpoint(exchange, route.digest);
  return route.kind === "uploads" ? beginEndpoint(exchange) : sessionEndpoint(exchange, route.session);
}
