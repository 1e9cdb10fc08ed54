import { emptyResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { tooManyRequests } from "../world/play-fault.ts";
import { parseScopes } from "../world/scopes.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { different } from "./ghcr-rules.ts";
import { ghcrHosts, type GhcrOptions, type GhcrState, ghcrState, usable } from "./ghcr-state.ts";
import { githubApi } from "./github-api.ts";

export interface GhcrEmulator extends Emulator {
  readonly state: GhcrState;
}

/** GitHub's container registry, its content host, GitHub's web site and REST API. */
export async function emulateGhcr(options: GhcrOptions): Promise<GhcrEmulator> {
  const clock = emulatorClock();
  const state = ghcrState(options, clock);
  const service = tokensOf(state);
  // Which host it is, and what it makes of an Authorization, is not verified.
  const blobs = blobHost({ host: ghcrHosts.blobs, plane: () => plane, refuse: () => emptyResponse(400) });
  const holder = (request: RegistryRequest) => {
    const text = service.tokenOf(request)?.holder;
    return text === undefined ? undefined : usable(state, text);
  };
  const plane: DataPlane = await createDataPlane({
    // What a token may do is known where it is used: it says nothing itself.
    authorise: (routed) => invalid(service, routed) ?? different({ routed, state, token: holder(routed.request) }),
    transform: (response, routed) => blobs.redirect(remembered(response, routed, state), routed),
  });
  const hosts: Record<string, RegistryHandler> = {
    [ghcrHosts.registry]: (request) =>
      request.path === "/token" ? service.handler(request) : plane.handler(postOpens(request, { mounts: true })),
    [ghcrHosts.blobs]: blobs.handler,
    [ghcrHosts.website]: () => Promise.resolve(tooManyRequests(60)),
    [ghcrHosts.api]: githubApi(state),
  };
  return { ...emulator({ adapter: "ghcr", hosts, clock, close: () => plane.close() }), state };
}

function invalid(service: TokenService, routed: RoutedRequest): RegistryResponse | undefined {
  const token = service.tokenOf(routed.request);
  return token === undefined || token.expired ? service.refuse(routed) : undefined;
}

/**
 * The challenge to `/v2/` names a repository that is nobody's. A bad token is refused where none is needed.
 * Sources: renovate, `lib/modules/datasource/docker/common.ts`; mckinsey/agents-at-scale-ark#532; dragonflydb/dragonfly#4997.
 */
function tokensOf(state: GhcrState): TokenService {
  return tokenService({
    realm: `https://${ghcrHosts.registry}/token`,
    service: ghcrHosts.registry,
    scopeOfNone: "repository:user/image:pull",
    tokens: state.sessions,
    identify: ({ password }) => (usable(state, password) === undefined ? undefined : password),
    check: ({ query }, account) => {
      const hidden = parseScopes(query.getAll("scope")).some(({ name }) => state.packages.get(name)?.isPublic !== true);
      return account === undefined && hidden ? failure(403, "DENIED", "requested access to the resource is denied") : undefined;
    },
    grant: (_account, wish) => wish,
    refused: () => failure(403, "DENIED", "denied"),
  });
}

/** A package is there from the first upload on, private; its tags in the order in which they came. */
function remembered(response: RegistryResponse, { request, route }: RoutedRequest, { packages, pushed }: GhcrState): RegistryResponse {
  if (response.status >= 300) return response;
  if (route?.kind === "uploads" && !packages.has(route.repository)) packages.set(route.repository, { isPublic: false, linked: true });
  if (route?.kind !== "manifest" || request.method !== "PUT" || route.reference.startsWith("sha256:")) return response;
  const others = (pushed.get(route.repository) ?? []).filter((tag) => tag !== route.reference);
  pushed.set(route.repository, [...others, route.reference]);
  return response;
}
