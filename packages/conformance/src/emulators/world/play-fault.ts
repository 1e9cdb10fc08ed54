import { setTimeout as delay } from "node:timers/promises";

import { bodySize, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

/** What goes wrong with some request. The first that fits and is not used up is played. */
export interface Fault {
  /** Default: every host, every method, every path. */
  readonly host?: string;
  readonly method?: string;
  readonly path?: RegExp;
  /** Requests that it meets; default 1. */
  times?: number;
  /** Given instead of the registry's own answer. */
  readonly answer?: RegistryResponse;
  /** The connection is cut after so many bytes of the body; 0 = before the status line. */
  readonly cutAfter?: number;
  /** The answer comes so much later. Milliseconds. */
  readonly delayMs?: number;
  /** Each piece of the body waits this long. Milliseconds. */
  readonly slowMs?: number;
  /** Done before the request is answered as usual. */
  readonly act?: () => void;
}

/** 429 as most registries say it. */
export const tooManyRequests = (retryAfterSeconds: number): RegistryResponse => ({
  status: 429,
  headers: { "retry-after": String(retryAfterSeconds), "content-type": "application/json" },
  body: Buffer.from('{"errors":[{"code":"TOOMANYREQUESTS","message":"too many requests"}]}'),
});

export const unavailable: RegistryResponse = {
  status: 503,
  headers: { "content-type": "text/plain" },
  body: Buffer.from("service unavailable"),
};

export interface FaultyRequest {
  readonly host: string;
  readonly request: RegistryRequest;
  readonly handler: RegistryHandler;
}

export async function playFault(faults: readonly Fault[], { host, request, handler }: FaultyRequest): Promise<RegistryResponse> {
  const fault = faults.find((each) => fits(each, host, request));
  if (fault === undefined) return handler(request);
  fault.times = (fault.times ?? 1) - 1;
  fault.act?.();
  if (fault.delayMs !== undefined) await delay(fault.delayMs);
  const response = fault.answer ?? (await handler(request));
  const cut = fault.cutAfter === undefined ? response : { ...response, cutAfter: fault.cutAfter };
  return fault.slowMs === undefined ? cut : slow(cut, fault.slowMs);
}

function fits({ host, method, path, times = 1 }: Fault, at: string, request: RegistryRequest): boolean {
  if (times < 1 || (host !== undefined && host !== at) || (method !== undefined && method !== request.method)) return false;
  return path === undefined || path.test(request.path);
}

const pieceBytes = 16 * 1024;

function slow(response: RegistryResponse, milliseconds: number): RegistryResponse {
  const { body } = response;
  if (body === undefined) return response;
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body instanceof Uint8Array ? [body] : (body?.open() ?? [])) {
      for (let start = 0; start < chunk.byteLength; start += pieceBytes) {
        await delay(milliseconds);
        yield chunk.subarray(start, start + pieceBytes);
      }
    }
  }
  return { ...response, body: { size: bodySize(response), open: pieces } };
}
