import { jsonResponse, type RegistryHandler, type RegistryResponse } from "@chartferry/registry";

import { readForm } from "../world/read-form.ts";
import { type AcrState, tokenLife } from "./acr-state.ts";

/** What the platform mounts for a workload identity, and exchanges at Entra ID. */
export const federatedToken = "the token that the cluster projects";

/** `login.microsoftonline.com`, or another cloud's: just what the client-credentials grant needs. Sources: Microsoft identity platform, OAuth 2.0 client credentials; measured with @azure/identity. */
export function entraHost(state: AcrState): RegistryHandler {
  const issuer = `https://${state.authority}/${state.tenant}`;
  return async (request) => {
    const { method, path } = request;
    if (path === "/common/discovery/instance")
      return jsonResponse(200, { tenant_discovery_endpoint: `${issuer}/v2.0/.well-known/openid-configuration`, metadata: [] });
    if (!path.startsWith(`/${state.tenant}/`)) return failed(400, "invalid_tenant", "AADSTS90002: Tenant not found.");
    if (path.endsWith("/.well-known/openid-configuration")) return jsonResponse(200, openIdConfiguration(issuer));
    if (method === "POST" && path === `/${state.tenant}/oauth2/v2.0/token`) return clientCredentials(await readForm(request), state);
    return failed(404, "invalid_request", "AADSTS900561: The endpoint only accepts POST requests.");
  };
}

function openIdConfiguration(issuer: string): object {
  return {
    token_endpoint: `${issuer}/oauth2/v2.0/token`,
    authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
    jwks_uri: `${issuer}/discovery/v2.0/keys`,
    issuer: `${issuer}/v2.0`,
  };
}

function clientCredentials(form: URLSearchParams, state: AcrState): RegistryResponse {
  const client = form.get("client_id") ?? "";
  const found = state.applications.get(client);
  if (form.get("grant_type") !== "client_credentials") return failed(400, "unsupported_grant_type", "AADSTS70003: unsupported grant type.");
  if (found === undefined) return failed(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.");
  const proves = form.has("client_assertion")
    ? form.get("client_assertion") === federatedToken
    : form.get("client_secret") === found.secret;
  if (!proves) return failed(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
  const resource = (form.get("scope") ?? "").split(" ").find((scope) => scope.endsWith("/.default"));
  const access_token = state.entra(resource?.slice(0, -"/.default".length) ?? "").issue(client, []);
  return jsonResponse(200, { token_type: "Bearer", expires_in: tokenLife.entra, ext_expires_in: tokenLife.entra, access_token });
}

/** The machine's own identity, as App Service and Container Apps offer it. Source: App Service, managed identity (api-version 2019-08-01); measured with @azure/identity. */
export function identityEndpoint(state: AcrState, client: string, header: string): RegistryHandler {
  return ({ query, headers }) => {
    const resource = query.get("resource");
    if (headers["x-identity-header"] !== header || query.get("api-version") !== "2019-08-01" || resource === null)
      return Promise.resolve(jsonResponse(400, { statusCode: 400, message: "the identity header, the version or the resource is wrong" }));
    const expires_on = String(Math.floor(state.clock.now() / 1000) + tokenLife.entra);
    const access_token = state.entra(resource).issue(client, []);
    return Promise.resolve(jsonResponse(200, { access_token, expires_on, resource, token_type: "Bearer", client_id: client }));
  };
}

function failed(status: number, error: string, description: string): RegistryResponse {
  const code = Number(/AADSTS(\d+)/.exec(description)?.[1]);
  return jsonResponse(status, { error, error_description: description, error_codes: [code] });
}
