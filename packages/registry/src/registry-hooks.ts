import type { RegistryRequest, RegistryResponse } from "./registry-request.ts";
import type { Route } from "./route.ts";

/** What a request wants to do to one repository; `*` for the catalogue. */
export interface Access {
  readonly repository: string;
  readonly actions: readonly ("pull" | "push" | "delete")[];
}

export interface RoutedRequest {
  readonly request: RegistryRequest;
  /** `undefined` = no path of the registry. */
  readonly route: Route | undefined;
  /** One entry for most, two for a mount, none for `/v2/`. */
  readonly access: readonly Access[];
}

/** One line for a log. Holds neither headers nor query, since both may carry secrets. */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Body bytes of the answer. */
  readonly bytesSent: number;
  readonly milliseconds: number;
}

type Maybe<T> = T | undefined | Promise<T | undefined>;

/** Places where a registry built on this handler may differ. All optional; `undefined` = go on as usual. */
export interface RegistryHooks {
  /** Before anything else: faults, refused methods, other endpoints. */
  readonly intercept?: (routed: RoutedRequest) => Maybe<RegistryResponse>;
  /** Whether the request may do what `access` says; otherwise the answer to give (401 with a challenge, 403 …). */
  readonly authorise?: (routed: RoutedRequest) => Maybe<RegistryResponse>;
  /** The Location to send for a path of this registry: another host, extra parameters. Default: the path itself. */
  readonly location?: (path: string, routed: RoutedRequest) => string;
  /** Another answer to a failure than the usual one. */
  readonly mapError?: (error: unknown, routed: RoutedRequest) => Maybe<RegistryResponse>;
  /** The last word on every answer. */
  readonly transform?: (response: RegistryResponse, routed: RoutedRequest) => RegistryResponse | Promise<RegistryResponse>;
  /** After each answer. */
  readonly observe?: (record: RequestRecord) => void;
}

function actionsFor(method: string, route: Route): Access["actions"] {
  if (route.kind === "uploads" || route.kind === "upload" || method === "PUT") return ["pull", "push"];
  return method === "DELETE" ? ["delete"] : ["pull"];
}

export function accessOf(request: RegistryRequest, route: Route | undefined): Access[] {
  if (route === undefined || route.kind === "ping") return [];
  if (route.kind === "catalog") return [{ repository: "*", actions: ["pull"] }];
  const own = { repository: route.repository, actions: actionsFor(request.method, route) };
  const from = route.kind === "uploads" && request.query.has("mount") ? request.query.get("from") : null;
  return from === null ? [own] : [own, { repository: from, actions: ["pull"] }];
}
