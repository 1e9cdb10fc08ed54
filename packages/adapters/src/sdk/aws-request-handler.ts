import { Readable } from "node:stream";

import type { VendorClient } from "@chartferry/core";

import { answerLimit, bodyOf, methodOf, present } from "./vendor-request.ts";

/** What the SDK hands to a request handler; the parts of it that are used here. Source: @smithy/types, `HttpRequest`. */
interface AwsRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface AwsResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** The SDK's own transport knows no HTTPS_PROXY and no --ca-file; this one sends its requests through ours. */
export interface AwsRequestHandler {
  handle(request: AwsRequest, options?: { readonly abortSignal?: unknown }): Promise<{ response: AwsResponse }>;
}

export function awsRequestHandler(http: VendorClient, operation: string): AwsRequestHandler {
  return {
    async handle(request, { abortSignal } = {}) {
      const url = urlOf(request);
      // Either the SDK's own rules or the user's environment chose it; no server did.
      http.trust(url);
      const { authorization, host: _host, "content-length": _length, expect: _expect, ...headers } = lowerCase(request.headers);
      const answer = await http.call({
        method: methodOf(request.method),
        url,
        headers,
        authorization,
        operation,
        repeats: "probe",
        ...bodyOf(request.body),
        ...(abortSignal instanceof AbortSignal ? { signal: abortSignal } : {}),
      });
      const bytes = await answer.bytes(answerLimit);
      return { response: { statusCode: answer.status, headers: present(answer.headers), body: Readable.from([bytes]) } };
    },
  };
}

function urlOf({ protocol, hostname, port, path, query = {} }: AwsRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) {
    for (const each of value === null || typeof value === "string" ? [value] : value) url.searchParams.append(name, each ?? "");
  }
  return url;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
