import { jsonResponse, type RegistryHandler, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { bare, failure } from "../world/answers.ts";
import { blobHost, twoAuthorisations } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { ecrControlPlane } from "./control-plane.ts";
import { broken } from "./ecr-rules.ts";
import { type EcrOptions, type EcrState, ecrState } from "./ecr-state.ts";

export interface EcrEmulator extends Emulator {
  readonly state: EcrState;
}

/** Amazon ECR of one account and region: registry, control plane and the bucket that its blobs come from. */
export async function emulateEcr(options: EcrOptions): Promise<EcrEmulator> {
  const clock = emulatorClock();
  const state = ecrState(options, clock);
  let plane: DataPlane | undefined;
  const theirs = (): DataPlane => {
    if (plane === undefined) throw new Error("the emulator is not open yet");
    return plane;
  };
  const bucket = `prod-${options.region}-starport-layer-bucket.s3.${options.region}.amazonaws.com`;
  const blobs = blobHost({ host: bucket, plane: theirs, refuse: twoAuthorisations });
  plane = await createDataPlane({
    authorise: (routed) => refuse(routed, state) ?? broken({ routed, state, plane: theirs() }),
    transform: (response, routed) => blobs.redirect(patched(response, routed), routed),
  });
  const { open, handler } = plane;
  const deleteTag = async (repository: string, tag: string): Promise<boolean> => {
    const path = `/v2/${repository}/manifests/${tag}`;
    return (await open(bare("DELETE", path))).status === 202;
  };
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: (request) =>
      // Mounting is an account's setting.
      handler(postOpens(request, { mounts: state.blobMounting })),
    [`api.ecr.${options.region}.amazonaws.com`]: ecrControlPlane(state, deleteTag),
    [bucket]: blobs.handler,
  };
  return { ...emulator({ adapter: "ecr", hosts, clock, close: () => theirs().close() }), state };
}

/** Basic alone; an expired password is no challenge. Sources: flipt-io/flipt#3043, apple/containerization#429. */
function refuse({ request, access }: RoutedRequest, state: EcrState): RegistryResponse | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return challenge(state, "no basic auth credentials");
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization) ?? [];
  const [user, password] = Buffer.from(encoded ?? "", "base64")
    .toString("utf8")
    .split(":");
  if (user !== "AWS" || password === undefined) return failure(400, "DENIED", "Your Authorization Token is invalid.");
  const found = state.passwordState(password);
  if (found === undefined) return challenge(state, "authentication required");
  if (found.expired) return failure(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.");
  const pushes = access.some(({ actions }) => actions.some((action) => action !== "pull"));
  return pushes && !found.identity.mayPush
    ? failure(403, "DENIED", "User is not authorized to perform: ecr:InitiateLayerUpload")
    : undefined;
}

function challenge({ host }: EcrState, message: string): RegistryResponse {
  const headers = { "www-authenticate": `Basic realm="https://${host}/",service="ecr.amazonaws.com"` };
  return jsonResponse(401, { errors: [{ code: "UNAUTHORIZED", message }] }, headers);
}

/** Each PATCH answers 201. Source: aws/containers-roadmap#2831. */
function patched(response: RegistryResponse, { request, route }: RoutedRequest): RegistryResponse {
  return route?.kind === "upload" && request.method === "PATCH" && response.status === 202 ? { ...response, status: 201 } : response;
}
