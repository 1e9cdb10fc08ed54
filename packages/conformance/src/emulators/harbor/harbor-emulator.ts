import type { RegistryHandler } from "@chartferry/registry";

import { blobHost, twoAuthorisations } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { postOpens } from "../world/plain-uploads.ts";
import { type RecordedCall, recordCalls } from "../world/recorded-calls.ts";
import { harborAccess } from "./harbor-access.ts";
import { harborApi } from "./harbor-api.ts";
import { broken, inHarborsWords } from "./harbor-rules.ts";
import { type HarborOptions, type HarborState, harborState } from "./harbor-state.ts";

export interface HarborEmulator extends Emulator {
  readonly state: HarborState;
  /** Of the API, oldest first. */
  readonly calls: readonly RecordedCall[];
}

/** A Harbor with blobs in a bucket: registry, token service and API on its one host. */
export async function emulateHarbor(options: HarborOptions): Promise<HarborEmulator> {
  const clock = emulatorClock();
  const state = harborState(options, clock);
  const calls: RecordedCall[] = [];
  let plane: DataPlane | undefined;
  const theirs = (): DataPlane => {
    if (plane === undefined) throw new Error("the emulator is not open yet");
    return plane;
  };
  const bucket = "harbor-registry.s3.eu-central-1.amazonaws.com";
  const blobs = blobHost({ host: bucket, plane: theirs, refuse: twoAuthorisations });
  const access = harborAccess(state);
  plane = await createDataPlane({
    authorise: (routed) => access.refuse(routed) ?? broken({ routed, state, plane: theirs() }),
    transform: (response, routed) => blobs.redirect(inHarborsWords(response, routed), routed),
  });
  const { handler } = plane;
  const api = recordCalls(harborApi(state, theirs), calls);
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: (request) => {
      if (request.path.startsWith("/api/")) return api(request);
      return request.path === "/service/token" ? access.tokens(request) : handler(postOpens(request, { mounts: true }));
    },
    [bucket]: blobs.handler,
  };
  return { ...emulator({ adapter: "harbor", hosts, clock, close: () => theirs().close() }), state, calls };
}
