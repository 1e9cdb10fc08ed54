import type { RegistryHandler, RegistryRequest, RegistryResponse } from "@chartferry/registry";

/** One call to a control plane with its bodies, for a check against the vendor's own model. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Text as it was sent; empty = none. */
  readonly sent: string;
  readonly status: number;
  readonly headers: RegistryResponse["headers"];
  readonly answered: string;
}

/** Keeps what goes in and out. Bodies of a control plane are small. */
export function recordCalls(handler: RegistryHandler, calls: RecordedCall[]): RegistryHandler {
  return async (request) => {
    const sent = await bodyText(request);
    const response = await handler({ ...request, body: again(sent) });
    const answered = response.body instanceof Uint8Array ? Buffer.from(response.body).toString("utf8") : "";
    const { method, path, query } = request;
    calls.push({ method, path, query, sent, status: response.status, headers: response.headers, answered });
    return response;
  };
}

async function bodyText({ body }: RegistryRequest): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function* again(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  if (text !== "") yield Buffer.from(text);
}
