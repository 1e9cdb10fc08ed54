import type { RegistryHandler } from "@chartferry/registry";

import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { refuse, tokenEndpoint } from "./jfrog-access.ts";
import { jfrogApi } from "./jfrog-api.ts";
import { broken, inArtifactorysWords, withoutKey } from "./jfrog-rules.ts";
import { type JfrogOptions, type JfrogState, jfrogState } from "./jfrog-state.ts";

export interface JfrogEmulator extends Emulator {
  readonly state: JfrogState;
}

/** Artifactory with its repositories in the path: registry, a token service a key, and API, all on its one host. */
export async function emulateJfrog(options: JfrogOptions): Promise<JfrogEmulator> {
  const clock = emulatorClock();
  const state = jfrogState(options, clock);
  let plane: DataPlane | undefined;
  const theirs = (): DataPlane => {
    if (plane === undefined) throw new Error("the emulator is not open yet");
    return plane;
  };
  plane = await createDataPlane({
    authorise: (routed) => withoutKey(routed, state) ?? refuse(routed, state) ?? broken({ routed, state, plane: theirs() }),
    transform: (response, routed) => inArtifactorysWords(response, routed, state),
  });
  const { handler } = plane;
  const api = jfrogApi(state, theirs);
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: (request) => {
      if (request.path.startsWith("/artifactory/")) return (tokenEndpoint(state, request.path) ?? api)(request);
      return handler(state.patchOnly === true ? postOpens(request, { mounts: true }) : request);
    },
  };
  return { ...emulator({ adapter: "jfrog", hosts, clock, close: () => theirs().close() }), state };
}
