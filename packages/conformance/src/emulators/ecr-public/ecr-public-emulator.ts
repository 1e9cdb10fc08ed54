import {
  emptyResponse,
  jsonResponse,
  type RegistryHandler,
  type RegistryRequest,
  type RegistryResponse,
  type RoutedRequest,
} from "@chartferry/registry";

import { bare, failure } from "../world/answers.ts";
import { basicPair } from "../world/basic-pair.ts";
import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { ecrPublicControlPlane } from "./control-plane.ts";
import { type EcrPublicOptions, type EcrPublicState, ecrPublicState, ownName } from "./ecr-public-state.ts";

export interface EcrPublicEmulator extends Emulator {
  readonly state: EcrPublicState;
}

/** Amazon ECR Public with the registry of one account: registry with its token service, control plane, and the network that blobs come from. */
export async function emulateEcrPublic(options: EcrPublicOptions): Promise<EcrPublicEmulator> {
  const clock = emulatorClock();
  const state = ecrPublicState(options, clock);
  // Blobs come from a content network; its name, and what it says to an Authorization, is not verified.
  const network = "d2glxqk2uabbnd.cloudfront.net";
  const blobs = blobHost({ host: network, plane: () => plane, refuse: () => emptyResponse(400) });
  const plane: DataPlane = await createDataPlane({
    authorise: (routed) => refuse(routed, state) ?? missing(routed, state),
    transform: (response, routed) => blobs.redirect(response, routed),
  });
  const deleteTag = async (name: string, tag: string): Promise<boolean> => {
    const deletions = state.aliases.map((alias) => plane.open(bare("DELETE", `/v2/${alias}/${name}/manifests/${tag}`)));
    return (await Promise.all(deletions)).some(({ status }) => status === 202);
  };
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: (request) =>
      /^\/token\/?$/.test(request.path) ? Promise.resolve(token(request, state)) : plane.handler(postOpens(request, { mounts: false })),
    "api.ecr-public.us-east-1.amazonaws.com": ecrPublicControlPlane(state, deleteTag),
    [network]: blobs.handler,
  };
  return { ...emulator({ adapter: "ecr-public", hosts, clock, close: () => plane.close() }), state };
}

/** Everybody gets one; the scope is the word `aws` and must come back. What a wrong password is answered is not verified. Source: renovate, its test of the challenge. */
function token({ query, headers }: RegistryRequest, state: EcrPublicState): RegistryResponse {
  if (query.get("scope") !== "aws") return failure(400, "INVALID_SCOPE", "The scope is invalid.");
  const pair = basicPair(headers["authorization"]);
  const password = pair?.user === "AWS" ? state.passwords.find(pair.password) : undefined;
  if (headers["authorization"] !== undefined && (password === undefined || password.expired))
    return failure(401, "DENIED", "Not Authorized");
  return jsonResponse(200, { token: state.bearer.issue(password?.holder, []) });
}

/** A token that has ended, or is none, is answered 400 and no challenge. Sources: oras-project/oras-go#1227; aws/containers-roadmap#2835. */
function refuse({ request, route, access }: RoutedRequest, state: EcrPublicState): RegistryResponse | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return challenge(state);
  const found = state.bearer.find(/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? "");
  if (found === undefined || found.expired) return failure(400, "DENIED", "Your Authorization Token is invalid.");
  // There is none for users; what it answers is not verified.
  if (route?.kind === "catalog") return emptyResponse(404);
  const writes = access.some(({ actions }) => actions.some((action) => action !== "pull"));
  return writes ? refuseWriter(found.holder, state) : undefined;
}

function refuseWriter(holder: string | undefined, state: EcrPublicState): RegistryResponse | undefined {
  if (holder === undefined) return challenge(state);
  return state.identities.get(holder)?.mayPush === true
    ? undefined
    : failure(403, "DENIED", "User is not authorized to perform: ecr-public:InitiateLayerUpload");
}

function challenge({ host }: EcrPublicState): RegistryResponse {
  const headers = { "www-authenticate": `Bearer realm="https://${host}/token/",service="${host}",scope="aws"` };
  return jsonResponse(401, { errors: [{ code: "DENIED", message: "Not Authorized" }] }, headers);
}

/** Source: actions/starter-workflows#2647, for the words. */
function missing({ route }: RoutedRequest, state: EcrPublicState): RegistryResponse | undefined {
  if (route === undefined || route.kind === "ping" || route.kind === "catalog") return undefined;
  const name = ownName(route.repository, state);
  if (name !== undefined && state.repositories.has(name)) return undefined;
  const text = `The repository with name '${name ?? route.repository}' does not exist in the registry with id '${state.account}'`;
  return failure(404, "NAME_UNKNOWN", text);
}
