export { basicAuth, readUsersFile, type BasicAuthOptions } from "./basic-auth.ts";
export type { HandlerLimits } from "./endpoint.ts";
export { errorResponse, type ErrorAnswer, type RegistryErrorCode } from "./registry-errors.ts";
export { createRegistryHandler, type RegistryHandlerOptions } from "./registry-handler.ts";
export type { Access, RegistryHooks, RequestRecord, RoutedRequest } from "./registry-hooks.ts";
export {
  bodySize,
  empty as emptyResponse,
  json as jsonResponse,
  type RegistryHandler,
  type RegistryRequest,
  type RegistryResponse,
  type ResponseStream,
} from "./registry-request.ts";
export type { Route, RouteKind } from "./route.ts";
export { httpListener } from "./serve-http.ts";
export { startRegistry, type RunningRegistry, type ServerLimits, type StartRegistryOptions } from "./start-registry.ts";
