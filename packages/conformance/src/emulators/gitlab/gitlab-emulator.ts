import { emptyResponse, type RegistryHandler, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { gitlabApi } from "./gitlab-api.ts";
import { broken } from "./gitlab-rules.ts";
import { type GitlabOptions, type GitlabState, gitlabState } from "./gitlab-state.ts";
import { gitlabTokens } from "./gitlab-tokens.ts";

export interface GitlabEmulator extends Emulator {
  readonly state: GitlabState;
}

/** A GitLab: its registry on one host, itself (token service and API) on another, the store of blobs on a third. */
export async function emulateGitlab(options: GitlabOptions): Promise<GitlabEmulator> {
  const clock = emulatorClock();
  const state = gitlabState(options, clock);
  const service = gitlabTokens(state);
  const blobs = blobHost({ host: options.blobHost, plane: () => plane, refuse: () => emptyResponse(400) });
  const plane: DataPlane = await createDataPlane({
    authorise: (routed) => service.refuse(routed) ?? broken({ routed, plane, token: service.tokenOf(routed.request) }),
    transform: (response, routed) => blobs.redirect(marked(response, routed, state), routed),
  });
  const api = gitlabApi(state);
  const hosts: Record<string, RegistryHandler> = {
    [options.host]: (request) => plane.handler(postOpens(request, { mounts: true })),
    [options.gitlabHost]: (request) => (request.path === "/jwt/auth" ? service.handler(request) : api(request)),
    [options.blobHost]: blobs.handler,
  };
  return { ...emulator({ adapter: "gitlab", hosts, clock, close: () => plane.close() }), state };
}

/** It is built on Distribution, and its answers say so. */
function marked(response: RegistryResponse, { request, route }: RoutedRequest, { repositories }: GitlabState): RegistryResponse {
  if (route?.kind === "manifest" && request.method === "PUT" && response.status === 201) repositories.add(route.repository);
  return { ...response, headers: { ...response.headers, "docker-distribution-api-version": "registry/2.0" } };
}
