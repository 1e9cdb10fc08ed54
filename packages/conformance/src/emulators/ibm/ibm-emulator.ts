import type { RegistryHandler } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { ibmTokens, refuse } from "./ibm-access.ts";
import { iamService, ibmApi } from "./ibm-api.ts";
import { type IbmOptions, type IbmState, ibmState } from "./ibm-state.ts";

export interface IbmEmulator extends Emulator {
  readonly state: IbmState;
}

/** IBM Cloud Container Registry of one region: registry, token service and API on its host, IAM on its own. */
export async function emulateIbm(options: IbmOptions): Promise<IbmEmulator> {
  const clock = emulatorClock();
  const state = ibmState(options, clock);
  const tokens = ibmTokens(state);
  const plane: DataPlane = await createDataPlane({
    // Nothing is promised of it, so that it gives nothing here.
    intercept: ({ route }) => (route?.kind === "catalog" ? failure(404, "UNSUPPORTED", "The operation is unsupported.") : undefined),
    authorise: (routed) => refuse(routed, state, tokens),
  });
  const api = ibmApi(state, () => plane);
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: (request) => {
      if (request.path.startsWith("/api/")) return api(request);
      // How a POST with a blob in it is taken is not documented: it is not.
      return request.path === "/oauth/token" ? tokens.handler(request) : plane.handler(postOpens(request, { mounts: true }));
    },
    "iam.cloud.ibm.com": iamService(state),
  };
  return { ...emulator({ adapter: "ibm", hosts, clock, close: () => plane.close() }), state };
}
