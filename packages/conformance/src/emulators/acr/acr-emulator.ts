import {
  emptyResponse,
  jsonResponse,
  type RegistryHandler,
  type RegistryRequest,
  type RegistryResponse,
  type RoutedRequest,
} from "@chartferry/registry";

import { noBody } from "../world/answers.ts";
import { blobHost } from "../world/blob-host.ts";
import { createDataPlane, type DataPlane } from "../world/data-plane.ts";
import { type Emulator, emulator } from "../world/emulator.ts";
import { emulatorClock } from "../world/emulator-clock.ts";
import { refuse } from "./acr-access.ts";
import { answerAcrApi } from "./acr-api.ts";
import { type AcrOptions, acrState, type AcrState } from "./acr-state.ts";
import { entraHost } from "./entra.ts";
import { refuseLocked } from "./locks.ts";
import { answerToken } from "./token-service.ts";

export interface AcrEmulator extends Emulator {
  readonly state: AcrState;
}

/** Azure Container Registry: registry with its token service, storage, and the Entra ID that its users come from. */
export async function emulateAcr(options: AcrOptions): Promise<AcrEmulator> {
  const clock = emulatorClock();
  const state = acrState(options, clock);
  let plane: DataPlane | undefined;
  const theirs = (): DataPlane => {
    if (plane === undefined) throw new Error("the emulator is not open yet");
    return plane;
  };
  const storage = state.dataEndpoint ? `${state.name}.westeurope.data.azurecr.io` : "weumanaged42.blob.core.windows.net";
  const blobs = blobHost({ host: storage, plane: theirs, refuse: badAuthentication });
  plane = await createDataPlane({
    authorise: (routed) => refuse(routed, state) ?? staleUpload(routed) ?? refuseLocked(routed, { state, plane: theirs() }),
    location: (path, { route }) => (route?.kind === "uploads" || route?.kind === "upload" ? sessionPath(path) : path),
    transform: (response, routed) => blobs.redirect(relinked(response), routed),
  });
  const { handler } = plane;
  const hosts: Record<string, RegistryHandler> = {
    [state.host]: async (request) =>
      (await answerToken(request, state)) ?? (await answerAcrApi(request, { state, plane: theirs() })) ?? handler(passedOn(request)),
    [state.authority]: entraHost(state),
    [storage]: blobs.handler,
  };
  return { ...emulator({ adapter: "acr", hosts, clock, close: () => theirs().close() }), state };
}

const state = { _nouploadcache: "false", _state: "what the registry knows of this upload" };

/** Relative, with parameters that must come back. Source: azure-sdk-for-js, `containerRegistryContentClient.ts`. */
function sessionPath(path: string): string {
  return path.includes("/blobs/uploads/") ? `${path}?${new URLSearchParams(state).toString()}` : path;
}

function staleUpload({ request, route }: RoutedRequest): RegistryResponse | undefined {
  if (route?.kind !== "upload" || Object.entries(state).every(([name, value]) => request.query.get(name) === value)) return undefined;
  return jsonResponse(404, { errors: [{ code: "BLOB_UPLOAD_INVALID", message: "blob upload invalid" }] });
}

/** Azure's own client escapes the slashes of a name. One POST with the whole blob is documented nowhere: what it brings is passed over. */
function passedOn(request: RegistryRequest): RegistryRequest {
  const path = request.path.replaceAll(/%2f/gi, "/");
  if (request.method !== "POST") return { ...request, path };
  const query = new URLSearchParams(request.query);
  query.delete("digest");
  return { ...request, path, query, body: noBody() };
}

/** Relative, with an empty `orderby`. Source: Azure/acr, AAD-OAuth.md. */
function relinked(response: RegistryResponse): RegistryResponse {
  const { link } = response.headers;
  if (typeof link !== "string") return response;
  return { ...response, headers: { ...response.headers, link: link.replace(/>; rel="next"$/, '&orderby=>; rel="next"') } };
}

/** Source: Azure/acr#217. */
function badAuthentication(): RegistryResponse {
  const text =
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidAuthenticationInfo</Code><Message>Authentication information is not given in the correct format. Check the value of Authorization header.</Message></Error>';
  return { ...emptyResponse(400, { "content-type": "application/xml" }), body: Buffer.from(text) };
}
