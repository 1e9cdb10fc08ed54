/** A request as the handler sees it, whatever carried it: a socket, or a test in the same process. */
export interface RegistryRequest {
  readonly method: string;
  /** As sent: path without query, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Reading may stop early; the carrier disposes of the rest. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted when the other side is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that are only read when they are sent: a HEAD never opens them. */
export interface ResponseStream {
  /** Bytes. */
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface RegistryResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | ResponseStream | undefined;
  /** For tests of clients: the connection is cut after this many bytes of the body; 0 = before the status line. */
  readonly cutAfter?: number | undefined;
}

export type RegistryHandler = (request: RegistryRequest) => Promise<RegistryResponse>;

/** Bytes of the body that the response announces. */
export function bodySize(response: RegistryResponse): number {
  if (response.body === undefined) return 0;
  return response.body instanceof Uint8Array ? response.body.byteLength : response.body.size;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string | readonly string[]>> = {}): RegistryResponse {
  return { status, headers: { "content-type": "application/json", ...headers }, body: Buffer.from(JSON.stringify(value)) };
}

export function empty(status: number, headers: Readonly<Record<string, string | readonly string[]>> = {}): RegistryResponse {
  return { status, headers };
}
