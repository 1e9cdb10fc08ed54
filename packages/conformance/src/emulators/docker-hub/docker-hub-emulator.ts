import { emptyResponse, jsonResponse, type RegistryHandler, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import type { Scope } from "../world/scopes.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { broken, limitHeaders } from "./docker-hub-rules.ts";
import { type HubAccount, hubHosts, type HubOptions, type HubState, hubState } from "./docker-hub-state.ts";
import { hubApi } from "./hub-api.ts";

export interface HubEmulator extends Emulator {
  readonly state: HubState;
}

/** Docker Hub: registry, token service, management API, and the network that its blobs come from. */
export async function emulateDockerHub(options: HubOptions): Promise<HubEmulator> {
  const clock = emulatorClock();
  const state = hubState(options, clock);
  const service = tokensOf(state);
  const blobs = blobHost({ host: hubHosts.blobs, plane: () => plane, refuse: () => emptyResponse(400) });
  const plane: DataPlane = await createDataPlane({
    authorise: (routed) => service.refuse(routed) ?? broken({ routed, state, plane, account: service.tokenOf(routed.request)?.holder }),
    // Absolute, and with a query already. Source: Docker's page on its registry API.
    location: (path) => `https://${hubHosts.registry}${path}${path.includes("/blobs/uploads/") ? "?_state=emulated" : ""}`,
    transform: (response, routed) => blobs.redirect(withLimits(response, routed, { state, service }), routed),
  });
  const hosts: Record<string, RegistryHandler> = {
    [hubHosts.registry]: (request) => plane.handler(postOpens(request, { mounts: true })),
    [hubHosts.tokens]: (request) => (request.path === "/token" ? service.handler(request) : notThere()),
    [hubHosts.api]: hubApi(state, plane),
    [hubHosts.blobs]: blobs.handler,
    [hubHosts.name]: () => Promise.resolve(emptyResponse(301, { location: `https://${hubHosts.website}/` })),
    [hubHosts.website]: notThere,
  };
  return { ...emulator({ adapter: "docker-hub", hosts, clock, close: () => plane.close() }), state };
}

/** Source: docker/docs `reference/api/registry/auth.md`. What a wrong password is answered there is not verified. */
function tokensOf(state: HubState): TokenService {
  return tokenService({
    realm: `https://${hubHosts.tokens}/token`,
    service: "registry.docker.io",
    tokens: state.tokens,
    identify: ({ user, password }) => (state.accounts.get(user)?.accessToken === password ? user : undefined),
    grant: (account, wish) => granted(state, { account, wish }),
    refused: () => jsonResponse(401, { details: "incorrect username or password" }),
    reply: (token, life) => ({ token, access_token: token, expires_in: life, issued_at: new Date(state.clock.now()).toISOString() }),
  });
}

/**
 * Two levels and no other: a third gives a token without rights, and so a 401 that looks like a wrong password. So does a namespace that does not
 * exist. Sources: attune-io/attune#218; fluxcd/flux2#5326.
 */
function granted(state: HubState, { account = "", wish }: { account: string | undefined; wish: Scope }): Scope | undefined {
  const [namespace = "", name, ...deeper] = wish.name.split("/");
  if (wish.type !== "repository" || name === undefined || deeper.length > 0) return undefined;
  const allowed = rightsIn(namespace, state.accounts.get(account), state);
  if (!allowed.includes("see hidden") && state.hidden.has(wish.name)) return undefined;
  return { ...wish, actions: wish.actions.filter((action) => allowed.includes(action)) };
}

function rightsIn(namespace: string, account: HubAccount | undefined, { accounts }: HubState): readonly string[] {
  if (account?.namespaces.includes(namespace) === true)
    return account.mayPush ? ["see hidden", "pull", "push", "delete"] : ["see hidden", "pull"];
  return [...accounts.values()].some(({ namespaces }) => namespaces.includes(namespace)) ? ["pull"] : [];
}

/** On every answer to a question for a manifest, free ones included. */
function withLimits(
  response: RegistryResponse,
  { request, route }: RoutedRequest,
  { state, service }: { readonly state: HubState; readonly service: TokenService },
): RegistryResponse {
  if (route?.kind !== "manifest" || !["GET", "HEAD"].includes(request.method) || response.status !== 200) return response;
  return { ...response, headers: { ...response.headers, ...limitHeaders(state, service.tokenOf(request)?.holder) } };
}

function notThere(): Promise<RegistryResponse> {
  return Promise.resolve(emptyResponse(404));
}
