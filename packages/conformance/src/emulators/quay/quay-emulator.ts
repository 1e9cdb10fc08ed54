import { emptyResponse, type RegistryHandler, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import type { TokenService } from "../world/token-service.ts";
import { different } from "./quay-rules.ts";
import { type QuayOptions, type QuayState, quayState } from "./quay-state.ts";
import { quayTokens } from "./quay-tokens.ts";

export interface QuayEmulator extends Emulator {
  readonly state: QuayState;
}

/** Quay: registry and token service on one host, the network that its blobs come from on another. */
export async function emulateQuay(options: QuayOptions): Promise<QuayEmulator> {
  const clock = emulatorClock();
  const state = quayState(options, clock);
  const service = quayTokens(state);
  const blobs = blobHost({ host: options.blobHost, plane: () => plane, refuse: () => emptyResponse(400), status: 302 });
  const plane: DataPlane = await createDataPlane({
    authorise: (routed) =>
      refused(service, routed) ?? different({ routed, state, plane, account: service.tokenOf(routed.request)?.holder }),
    location: (path) => `https://${options.host}${path}`,
    transform: blobs.redirect,
  });
  const hosts: Record<string, RegistryHandler> = {
    [options.host]: (request) => (request.path === "/v2/auth" ? service.handler(request) : plane.handler(request)),
    [options.blobHost]: blobs.handler,
  };
  return { ...emulator({ adapter: "quay", hosts, clock, close: () => plane.close() }), state };
}

/** Any token opens the catalogue; to write is one right, and `delete` is none of its own. */
function refused(service: TokenService, routed: RoutedRequest): RegistryResponse | undefined {
  const access = routed.access
    .filter(({ repository }) => repository !== "*")
    .map(({ repository, actions }) => ({
      repository,
      actions: actions.map((action) => (action === "delete" ? "push" : action)),
    }));
  return service.refuse(routed, access);
}
