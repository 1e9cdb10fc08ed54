import { jsonResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

/** A refusal in the words of the distribution spec, with whatever code the emulated registry uses. */
export function failure(status: number, code: string, message: string): RegistryResponse {
  return jsonResponse(status, { errors: [{ code, message }] });
}

/** A request of the emulator to its own content. */
export function bare(method: string, path: string): RegistryRequest {
  return { method, path, query: new URLSearchParams(), headers: {}, body: noBody() };
}

export async function* noBody(): AsyncGenerator<Uint8Array, void, undefined> {
  yield* [];
}
