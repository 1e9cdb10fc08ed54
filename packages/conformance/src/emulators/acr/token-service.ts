import { emptyResponse, jsonResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { type BasicPair, basicPair } from "../world/basic-pair.ts";
import { readForm } from "../world/read-form.ts";
import { parseScopes, type Scope } from "../world/scopes.ts";
import type { AcrRights, AcrState } from "./acr-state.ts";

/** The user that stands for a refresh token given as a password. Source: Azure/acr, AAD-OAuth.md. */
const nullUser = "00000000-0000-0000-0000-000000000000";
const audiences = ["https://containerregistry.azure.net", "https://management.azure.com", "https://management.core.windows.net"];

/** `/oauth2/…` on the registry's own host; `undefined` = another path. The SDK adds `api-version`, which nobody reads. */
export async function answerToken(request: RegistryRequest, state: AcrState): Promise<RegistryResponse | undefined> {
  if (request.path === "/oauth2/exchange") return exchange(request, state);
  if (request.path !== "/oauth2/token") return undefined;
  if (request.method === "GET") return accessToken(knownByBasic(request, state), request.query, state);
  if (request.method !== "POST") return emptyResponse(404);
  const form = await readForm(request);
  return accessToken(knownByForm(form, state), form, state);
}

/** Another method than POST is not found. Source: Azure/acr#166. */
async function exchange(request: RegistryRequest, state: AcrState): Promise<RegistryResponse> {
  if (request.method !== "POST") return emptyResponse(404);
  const form = await readForm(request);
  const token = audiences.map((audience) => state.entra(audience).find(form.get("access_token") ?? "")).find((each) => each !== undefined);
  if (form.get("grant_type") !== "access_token" || form.get("service") !== state.host || token === undefined || token.expired)
    return unauthorized();
  if (state.rightsOf(token.holder) === undefined) return unauthorized();
  return jsonResponse(200, { refresh_token: state.refresh.issue(token.holder, []) });
}

/** Who asks; `holder` of nobody is `undefined`. */
type Known = { readonly holder: string | undefined } | undefined;

function knownByForm(form: URLSearchParams, state: AcrState): Known {
  const grant = form.get("grant_type");
  if (grant === "refresh_token") return knownByRefresh(form.get("refresh_token") ?? "", state);
  if (grant !== "password") return undefined;
  const user = form.get("username");
  return user === null ? { holder: undefined } : knownByPair({ user, password: form.get("password") ?? "" }, state);
}

/** Docker's clients come so, anonymous ones too (that Azure takes a GET without a password is not verified; every docker pull does it). */
function knownByBasic({ headers }: RegistryRequest, state: AcrState): Known {
  if (headers["authorization"] === undefined) return { holder: undefined };
  const pair = basicPair(headers["authorization"]);
  return pair && knownByPair(pair, state);
}

function knownByPair({ user, password }: BasicPair, state: AcrState): Known {
  if (user === nullUser) return knownByRefresh(password, state);
  const found = state.users.get(user) ?? state.applications.get(user);
  return found?.secret === password ? { holder: user } : undefined;
}

function knownByRefresh(token: string, { refresh }: AcrState): Known {
  const found = refresh.find(token);
  return found === undefined || found.expired ? undefined : found;
}

/** Fewer rights than asked for are no error. The reply has `access_token` alone. */
function accessToken(known: Known, asked: URLSearchParams, state: AcrState): RegistryResponse {
  const may = known && state.rightsOf(known.holder);
  if (may === undefined || asked.get("service") !== state.host) return unauthorized();
  const access = parseScopes(asked.getAll("scope")).flatMap((scope) => granted(scope, may));
  return jsonResponse(200, { access_token: state.access.issue(known?.holder, access) });
}

function granted({ type, name, actions }: Scope, may: AcrRights): Scope[] {
  if (type === "registry") return name === "catalog" && may(undefined).includes("pull") ? [{ type, name, actions: ["*"] }] : [];
  const own = actions.flatMap((action) => (action === "*" ? may(name) : may(name).filter((each) => each === action)));
  return own.length === 0 ? [] : [{ type, name, actions: own }];
}

/** What it says of an expired refresh token is not verified: it is no other answer than to a wrong one here. */
function unauthorized(): RegistryResponse {
  return failure(401, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.");
}
