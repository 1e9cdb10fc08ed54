import { jsonResponse, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { covers, scopeText } from "../world/scopes.ts";
import type { AcrState } from "./acr-state.ts";

/** Bearer alone. Sources: Azure/acr AAD-OAuth.md; azure-sdk-for-js for `invalid_token`. */
export function refuse({ request, access }: Pick<RoutedRequest, "request" | "access">, state: AcrState): RegistryResponse | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return challenge(access, state);
  const token = state.access.find(/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? "");
  if (token === undefined || token.expired) return challenge(access, state, "invalid_token");
  return covers(token.access, access) ? undefined : challenge(access, state, "insufficient_scope");
}

function challenge(access: RoutedRequest["access"], { host, alsoBasic }: AcrState, error?: string): RegistryResponse {
  const bearer = [
    `Bearer realm="https://${host}/oauth2/token",service="${host}"`,
    ...(access.length === 0 ? [] : [`scope="${access.map(scopeText).join(" ")}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ].join(",");
  const detail = access.flatMap(({ repository, actions }) => actions.map((Action) => ({ Type: "repository", Name: repository, Action })));
  const body = { errors: [{ code: "UNAUTHORIZED", message: "authentication required", detail }] };
  return jsonResponse(401, body, { "www-authenticate": alsoBasic ? `${bearer},Basic realm="https://${host}"` : bearer });
}
