import { randomBytes } from "node:crypto";

import { emptyResponse, type RegistryHandler, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import type { DataPlane } from "./data-plane.ts";

export interface BlobHost {
  readonly handler: RegistryHandler;
  /** For the hook `transform`: the bytes of a blob are somewhere else. */
  readonly redirect: (response: RegistryResponse, routed: RoutedRequest) => RegistryResponse;
}

export interface BlobHostOptions {
  readonly host: string;
  readonly plane: () => DataPlane;
  /** The answer to a request that still carries the registry's Authorization. */
  readonly refuse: () => RegistryResponse;
  /** Default 307. */
  readonly status?: 302 | 303 | 307;
}

/** Where the bytes of blobs come from: addresses are signed, and an Authorization beside the signature is an error, as at S3 and at Azure. */
export function blobHost({ host, plane, refuse, status = 307 }: BlobHostOptions): BlobHost {
  const signature = randomBytes(16).toString("hex");
  return {
    handler: async (request) => {
      if (request.headers["authorization"] !== undefined) return refuse();
      if (request.query.get("signature") !== signature) return emptyResponse(403);
      return plane().open(request);
    },
    redirect: (response, { request, route }) => {
      if (route?.kind !== "blob" || request.method !== "GET" || ![200, 206].includes(response.status)) return response;
      return emptyResponse(status, { location: `https://${host}${request.path}?signature=${signature}` });
    },
  };
}

/** As S3 says it. */
export function twoAuthorisations(): RegistryResponse {
  const text =
    "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified</Message></Error>";
  return { status: 400, headers: { "content-type": "application/xml" }, body: Buffer.from(text) };
}
