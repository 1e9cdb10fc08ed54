import type { DefaultAzureCredentialOptions } from "@azure/identity";
import { type ChartferryError, isChartferryError, type VendorClient } from "@chartferry/core";

import { answerLimit, bodyOf, methodOf, present } from "./vendor-request.ts";

type AzureHttpClient = NonNullable<DefaultAzureCredentialOptions["httpClient"]>;
type AzureRequest = Parameters<AzureHttpClient["sendRequest"]>[0];
type AzureHeaders = AzureRequest["headers"];

export interface AzureCalls {
  readonly operation: string;
  /** Told of each request that got no answer. */
  readonly onFailure: (error: ChartferryError) => void;
}

/** The SDK's own transport reads neither --ca-file nor our log; this one sends its requests through ours. It repeats by itself. */
export function azureHttpClient(http: VendorClient, { operation, onFailure }: AzureCalls): AzureHttpClient {
  return {
    sendRequest: async (request) => {
      const url = new URL(request.url);
      // The SDK's own rules or the user's environment chose it; no server did.
      http.trust(url);
      const { authorization, host: _host, "content-length": _length, "accept-encoding": _encoding, ...headers } = request.headers.toJSON();
      const signals = [request.abortSignal, request.timeout > 0 ? AbortSignal.timeout(request.timeout) : undefined];
      const answer = await http
        .call({
          method: methodOf(request.method),
          url,
          headers,
          authorization,
          operation,
          repeats: "probe",
          ...bodyOf(request.body),
          signal: AbortSignal.any(signals.filter((each): each is AbortSignal => each instanceof AbortSignal)),
        })
        .catch((error: unknown) => {
          if (isChartferryError(error)) onFailure(error);
          throw error;
        });
      const bytes = await answer.bytes(answerLimit);
      return { request, status: answer.status, headers: headersOf(present(answer.headers)), bodyAsText: new TextDecoder().decode(bytes) };
    },
  };
}

/** What the SDK wants of headers. Source: @azure/core-rest-pipeline, `HttpHeaders`. */
function headersOf(received: Readonly<Record<string, string>>): AzureHeaders {
  const held = new Map(Object.entries(received));
  return {
    get: (name) => held.get(name.toLowerCase()),
    has: (name) => held.has(name.toLowerCase()),
    set: (name, value) => void held.set(name.toLowerCase(), String(value)),
    delete: (name) => void held.delete(name.toLowerCase()),
    toJSON: () => Object.fromEntries(held),
    [Symbol.iterator]: () => held[Symbol.iterator](),
  };
}
