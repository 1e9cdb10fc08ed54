import { createVerify } from "node:crypto";

import { emptyResponse, jsonResponse, type RegistryHandler, type RegistryResponse } from "@chartferry/registry";

import { readForm } from "../world/read-form.ts";
import type { GarState } from "./gar-state.ts";

/** The pool that outsiders come from, and what their own provider gives them. */
export const workloadPool = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/ci/providers/forge";
export const subjectToken = "the token of another provider";
/** The account that the metadata server and the pool stand for, and who ran gcloud. */
export const machineAccount = "harbour-master@my-project.iam.gserviceaccount.com";
export const gcloudClient = { client_id: "764086051850.apps.googleusercontent.com", client_secret: "of gcloud, and no secret" };

/** `oauth2.googleapis.com`: service accounts by a signed assertion (RFC 7523), users by a refresh token. Measured with google-auth-library. */
export function oauthHost(state: GarState): RegistryHandler {
  return async (request) => {
    if (request.path !== "/token" || request.method !== "POST") return emptyResponse(404);
    const form = await readForm(request);
    const grant = form.get("grant_type");
    if (grant === "urn:ietf:params:oauth:grant-type:jwt-bearer") return byAssertion(form.get("assertion") ?? "", state);
    const known =
      grant === "refresh_token" && form.get("refresh_token") === state.refreshToken && form.get("client_id") === gcloudClient.client_id;
    return known ? jsonResponse(200, tokenReply(machineAccount, state)) : refused("invalid_grant", "Bad Request");
  };
}

/** Its times follow the client's clock, so that only their distance is looked at. Source: Google, service accounts, "Preparing to make an authorized API call". */
function byAssertion(assertion: string, state: GarState): RegistryResponse {
  const [header = "", body = "", signature = ""] = assertion.split(".");
  const isSigned = createVerify("RSA-SHA256").update(`${header}.${body}`).verify(state.keys.publicKey, signature, "base64url");
  if (!isSigned) return refused("invalid_grant", "Invalid JWT Signature.");
  const { iss, aud, scope, iat, exp }: Record<string, unknown> = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
  if (aud !== "https://oauth2.googleapis.com/token" || Number(exp) - Number(iat) > 3600) return refused("invalid_grant", "Invalid JWT.");
  if (!state.principals.has(String(iss))) return refused("invalid_grant", "Invalid grant: account not found");
  if (!String(scope).includes("/auth/cloud-platform")) return refused("invalid_scope", "Invalid OAuth scope.");
  return jsonResponse(200, tokenReply(String(iss), state));
}

/** `sts.googleapis.com`: another provider's token for one of Google's. Source: RFC 8693; Google, workload identity federation. */
export function stsHost(state: GarState): RegistryHandler {
  return async (request) => {
    if (request.path !== "/v1/token" || request.method !== "POST") return emptyResponse(404);
    const form = await readForm(request);
    const isExchange =
      form.get("grant_type") === "urn:ietf:params:oauth:grant-type:token-exchange" && form.get("audience") === workloadPool;
    if (!isExchange || form.get("subject_token") !== subjectToken)
      return refused("invalid_grant", "The subject token does not fit the provider.");
    return jsonResponse(200, { ...tokenReply(machineAccount, state), issued_token_type: "urn:ietf:params:oauth:token-type:access_token" });
  };
}

/** The metadata server of a machine of Google's. Source: Google, "About VM metadata"; measured with google-auth-library. */
export function metadataServer(state: GarState): RegistryHandler {
  const flavour = { "metadata-flavor": "Google" };
  return ({ path, headers }) => {
    if (headers["metadata-flavor"] !== "Google") return Promise.resolve(emptyResponse(403));
    if (path === "/computeMetadata/v1/instance/service-accounts/default/token")
      return Promise.resolve(jsonResponse(200, tokenReply(machineAccount, state), flavour));
    return Promise.resolve(emptyResponse(404, flavour));
  };
}

function tokenReply(account: string, { access }: GarState): object {
  return { access_token: access.issue(account, []), expires_in: access.life, token_type: "Bearer" };
}

function refused(error: string, description: string): RegistryResponse {
  return jsonResponse(400, { error, error_description: description });
}
