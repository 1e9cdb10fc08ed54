import { emptyResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { type BasicPair } from "../world/basic-pair.ts";
import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { recordCalls } from "../world/recorded-calls.ts";
import { parseScopes } from "../world/scopes.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { garApi } from "./gar-api.ts";
import { allTags, broken } from "./gar-rules.ts";
import { type GarOptions, garState, type GarState, may, repositoryOf } from "./gar-state.ts";
import { oauthHost, stsHost } from "./google-identity.ts";

export interface GarEmulator extends Emulator {
  readonly state: GarState;
}

/** Artifact Registry of one project and location, under a name of its own or of gcr.io: registry, control plane, Google's identity services, storage. */
export async function emulateGar(options: GarOptions): Promise<GarEmulator> {
  const clock = emulatorClock();
  const state = garState(options, clock);
  const service = tokensOf(state);
  // That blobs come from another host is documented; which, and what it says to an Authorization, is not verified.
  const storage = "storage.googleapis.com";
  const blobs = blobHost({ host: storage, plane: () => plane, refuse: () => emptyResponse(400), status: 302 });
  const plane: DataPlane = await createDataPlane({
    authorise: (routed) => refuse(routed, { service, state }) ?? broken({ routed, state, plane }),
    transform: (response, routed) => transformed(response, routed, { state, plane, redirect: blobs.redirect }),
  });
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: (request) =>
      request.path === "/v2/token" ? service.handler(request) : plane.handler(postOpens(request, { mounts: true })),
    "artifactregistry.googleapis.com": recordCalls(
      garApi(state, () => plane),
      state.calls,
    ),
    "oauth2.googleapis.com": oauthHost(state),
    "sts.googleapis.com": stsHost(state),
    [storage]: blobs.handler,
  };
  return { ...emulator({ adapter: "gar", hosts, clock, close: () => plane.close() }), state };
}

function tokensOf(state: GarState): TokenService {
  return tokenService({
    realm: `https://${state.host}/v2/token`,
    service: state.isGcr ? "gcr.io" : state.host,
    tokens: state.bearer,
    identify: (pair) => accountOf(pair, state),
    check: (request, account) => withoutPermission(request, account, state),
    grant: (_account, wish) => (wish.type === "repository" ? wish : undefined),
    // What an access token that has expired is answered is not verified.
    refused: () => failure(401, "UNAUTHORIZED", "Unauthorized"),
    reply: (token, life) => ({ expires_in: life, issued_at: new Date(state.clock.now()).toISOString(), token }),
  });
}

/** Sources: Artifact Registry, authentication for Docker; the encoded key is not for gcr.io as it was (renovate, `docs/usage/docker.md`). */
function accountOf({ user, password }: BasicPair, state: GarState): string | undefined {
  if (user === "oauth2accesstoken" || user === "_token") {
    const token = state.access.find(password);
    return token === undefined || token.expired ? undefined : token.holder;
  }
  if (user === "_json_key") return accountOfKey(password, state);
  return user === "_json_key_base64" && !state.isGcr ? accountOfKey(Buffer.from(password, "base64").toString("utf8"), state) : undefined;
}

function accountOfKey(text: string, { keys, principals }: GarState): string | undefined {
  try {
    const key: Record<string, unknown> = JSON.parse(text);
    const account = String(key["client_email"]);
    return key["private_key"] === keys.privateKey && principals.has(account) ? account : undefined;
  } catch {
    return undefined;
  }
}

const permissionOf = { pull: "downloadArtifacts", push: "uploadArtifacts", delete: "deleteArtifacts" } as const;

/** Missing rights and missing repositories look alike, and here already. Sources: fluxcd/source-controller#798; argoproj/argo-cd#26260. */
function withoutPermission({ query }: RegistryRequest, account: string | undefined, state: GarState): RegistryResponse | undefined {
  for (const { name, actions } of parseScopes(query.getAll("scope")).filter(({ type }) => type === "repository")) {
    const repository = repositoryOf(name, state);
    const resource = `projects/${state.project}/locations/${state.location}/repositories/${repository.split("/")[1] ?? ""}`;
    for (const action of ["pull", "push", "delete"] as const) {
      if (!actions.includes(action)) continue;
      const permission = `artifactregistry.repositories.${permissionOf[action]}`;
      if (account === undefined)
        return failure(
          403,
          "DENIED",
          `Unauthenticated request. Unauthenticated requests do not have permission "${permission}" on resource "${resource}" (or it may not exist)`,
        );
      if (!state.repositories.has(repository) || !may(state, account, permissionOf[action]))
        return failure(403, "DENIED", `Permission "${permission}" denied on resource "${resource}" (or it may not exist)`);
    }
  }
  return undefined;
}

/** gcr.io writes its service without quotes, and to a token that it no longer takes it may answer without a challenge. Source: containers/image `docker_client.go`. */
function refuse(routed: RoutedRequest, { service, state }: { readonly service: TokenService; readonly state: GarState }) {
  const refusal = service.refuse(routed);
  if (refusal === undefined || !state.isGcr) return refusal;
  const { "www-authenticate": challenge, ...headers } = refusal.headers;
  if (routed.request.headers["authorization"] !== undefined) return { ...refusal, headers };
  return { ...refusal, headers: { ...headers, "www-authenticate": String(challenge).replace('service="gcr.io"', "service=gcr.io") } };
}

interface Answering {
  readonly state: GarState;
  readonly plane: DataPlane;
  readonly redirect: (response: RegistryResponse, routed: RoutedRequest) => RegistryResponse;
}

async function transformed(
  response: RegistryResponse,
  routed: RoutedRequest,
  { state, plane, redirect }: Answering,
): Promise<RegistryResponse> {
  const { route } = routed;
  if (route?.kind === "tags" && response.status === 200) return allTags(route.repository, plane, state);
  return redirect(response, routed);
}
