import { isChartferryError, type ChartferryError, type VendorClient } from "@chartferry/core";

import { answerLimit, bodyOf, methodOf, present } from "./vendor-request.ts";

export interface GoogleCalls {
  readonly operation: string;
  /** Told of each request that got no answer. */
  readonly onFailure: (error: ChartferryError) => void;
}

/** The library's own transport reads neither --ca-file nor our log; this one, in the shape of `fetch`, sends its requests through ours. */
export function googleFetch(http: VendorClient, { operation, onFailure }: GoogleCalls): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    // The library's own rules or the user's key file chose it; no server did.
    http.trust(url);
    const { authorization, ...headers } = Object.fromEntries(new Headers(init.headers).entries());
    try {
      const answer = await http.call({
        method: methodOf(init.method ?? "GET"),
        url,
        headers,
        authorization,
        operation,
        repeats: "probe",
        ...bodyOf(init.body instanceof URLSearchParams ? init.body.toString() : init.body),
        ...(init.signal instanceof AbortSignal ? { signal: init.signal } : {}),
      });
      const bytes = await answer.bytes(answerLimit);
      return new Response(answer.status === 204 ? null : Buffer.from(bytes), { status: answer.status, headers: present(answer.headers) });
    } catch (error) {
      if (isChartferryError(error)) onFailure(error);
      throw error;
    }
  };
}
