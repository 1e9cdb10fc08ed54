import type { LayoutTree } from "@chartferry/core/layout";

import { blobEndpoint } from "./blob-endpoints.ts";
import type { Exchange, HandlerLimits, RepositoryExchange } from "./endpoint.ts";
import { catalogEndpoint, referrersEndpoint, tagsEndpoint } from "./list-endpoints.ts";
import { manifestEndpoint } from "./manifest-endpoints.ts";
import { answerTo, errorResponse } from "./registry-errors.ts";
import { accessOf, type RegistryHooks, type RoutedRequest } from "./registry-hooks.ts";
import { bodySize, json, type RegistryHandler, type RegistryResponse } from "./registry-request.ts";
import { methodsOf, parseRoute, type Route } from "./route.ts";
import { beginEndpoint, sessionEndpoint } from "./upload-endpoints.ts";
import { largestManifest } from "@chartferry/core";

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

/** The registry as a function. Never rejects: what goes wrong becomes an answer. */
export function createRegistryHandler(options: RegistryHandlerOptions): RegistryHandler {
  const { hooks = {} } = options;
  const limits = { ...defaultLimits, ...options.limits };
  return async (request) => {
    const started = performance.now();
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
    const response = await transformed(hooks, routed, await respond(exchange, options));
    const bytesSent = request.method === "HEAD" ? 0 : bodySize(response);
    hooks.observe?.({
      method: request.method,
      path: request.path,
      status: response.status,
      bytesSent,
      milliseconds: performance.now() - started,
    });
    return response;
  };
}

async function transformed(hooks: RegistryHooks, routed: RoutedRequest, response: RegistryResponse): Promise<RegistryResponse> {
  return (await hooks.transform?.(response, routed)) ?? response;
}

async function respond(exchange: Exchange, options: RegistryHandlerOptions): Promise<RegistryResponse> {
  const { routed } = exchange;
  const { hooks = {} } = options;
  try {
    return (await hooks.intercept?.(routed)) ?? (await hooks.authorise?.(routed)) ?? (await dispatch(exchange));
  } catch (error) {
    return (await hooks.mapError?.(error, routed)) ?? answerAndReport(error, options);
  }
}

function answerAndReport(error: unknown, { reportFailure }: RegistryHandlerOptions): RegistryResponse {
  const response = answerTo(error);
  if (response.status >= 500) reportFailure?.(error);
  return response;
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
