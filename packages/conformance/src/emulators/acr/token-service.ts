import { emptyResponse, jsonResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { basicPair, readForm, type ScopeAccess, scopesIn } from "../world/token-scopes.ts";
import { type AcrRights, type AcrState, nobody } from "./acr-state.ts";

/** Seconds. Sources: @azure/container-registry (refresh), the sample claims of Azure/acr AAD-OAuth.md (access). */
const life = { refresh: 3 * 3600, access: 75 * 60 };
/** The user that stands for a refresh token given as a password. Source: Azure/acr, AAD-OAuth.md. */
const nullUser = "00000000-0000-0000-0000-000000000000";
const audiences = ["https://containerregistry.azure.net", "https://management.azure.com", "https://management.core.windows.net"];

/** `/oauth2/…` on the registry's own host; `undefined` = another path. The SDK adds `api-version`, which nobody reads. */
export async function answerToken(request: RegistryRequest, state: AcrState): Promise<RegistryResponse | undefined> {
  if (request.path === "/oauth2/exchange") return exchange(request, state);
  if (request.path !== "/oauth2/token") return undefined;
  if (request.method === "GET") return accessToken(subjectOfBasic(request, state), request.query, state);
  if (request.method !== "POST") return emptyResponse(404);
  const form = await readForm(request);
  return accessToken(subjectOfForm(form, state), form, state);
}

/** Another method than POST is not found. Source: Azure/acr#166. */
async function exchange(request: RegistryRequest, state: AcrState): Promise<RegistryResponse> {
  if (request.method !== "POST") return emptyResponse(404);
  const form = await readForm(request);
  const token = state.entra.read(form.get("access_token") ?? "");
  const audience = String(token?.claims["aud"]).replace(/\/$/, "");
  const isGood = token !== undefined && !token.expired && audiences.includes(audience) && form.get("service") === state.host;
  if (form.get("grant_type") !== "access_token" || !isGood || state.rightsOf(token.claims["appid"]) === undefined) return unauthorized();
  return jsonResponse(200, { refresh_token: refreshToken(String(token.claims["appid"]), state) });
}

export function refreshToken(subject: string, { refresh, host }: AcrState): string {
  return refresh.issue({ sub: subject, iss: "Azure Container Registry", aud: host, grant_type: "refresh_token" }, life.refresh);
}

function subjectOfForm(form: URLSearchParams, state: AcrState): string | undefined {
  const grant = form.get("grant_type");
  if (grant === "refresh_token") return subjectOfRefresh(form.get("refresh_token") ?? "", state);
  if (grant !== "password") return undefined;
  const username = form.get("username");
  return username === null ? nobody : subjectOfPair({ username, password: form.get("password") ?? "" }, state);
}

/** Docker's clients come so, anonymous ones too (that Azure takes a GET without a password is not verified; every docker pull does it). */
function subjectOfBasic({ headers }: RegistryRequest, state: AcrState): string | undefined {
  if (headers["authorization"] === undefined) return nobody;
  const pair = basicPair(headers["authorization"]);
  return pair && subjectOfPair(pair, state);
}

function subjectOfPair({ username, password }: { readonly username: string; readonly password: string }, state: AcrState) {
  if (username === nullUser) return subjectOfRefresh(password, state);
  const found = state.users.get(username) ?? state.applications.get(username);
  return found?.secret === password ? username : undefined;
}

function subjectOfRefresh(token: string, { refresh }: AcrState): string | undefined {
  const found = refresh.read(token);
  return found === undefined || found.expired ? undefined : String(found.claims["sub"]);
}

/** Fewer rights than asked for are no error. The reply has `access_token` alone. */
function accessToken(subject: string | undefined, asked: URLSearchParams, state: AcrState): RegistryResponse {
  const may = state.rightsOf(subject);
  if (may === undefined || asked.get("service") !== state.host) return unauthorized();
  const access = scopesIn(asked.getAll("scope")).flatMap((scope) => granted(scope, may));
  const claims = { sub: subject, iss: "Azure Container Registry", aud: state.host, access, grant_type: "access_token" };
  return jsonResponse(200, { access_token: state.access.issue(claims, life.access) });
}

function granted({ type, name, actions }: ScopeAccess, may: AcrRights): ScopeAccess[] {
  if (type === "registry") return name === "catalog" && may(undefined).includes("pull") ? [{ type, name, actions: ["*"] }] : [];
  const own = actions.flatMap((action) => (action === "*" ? may(name) : may(name).filter((each) => each === action)));
  return own.length === 0 ? [] : [{ type, name, actions: own }];
}

/** What it says of an expired refresh token is not verified: it is no other answer than to a wrong one here. */
function unauthorized(): RegistryResponse {
  return failure(401, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.");
}
