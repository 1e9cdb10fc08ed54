import { jsonResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { readJson } from "../world/read-json.ts";

/** An operation of a service that speaks AWS's JSON 1.1: its input read, its output to be written. */
export type AwsOperation = (input: Readonly<Record<string, unknown>>, caller: AwsCaller) => unknown;

export interface AwsCaller {
  readonly accessKeyId: string;
}

/** One call with its bodies, for a check against AWS's own model. */
export interface AwsCall {
  readonly operation: string;
  readonly input: unknown;
  readonly status: number;
  readonly output: unknown;
}

export interface AwsService {
  /** What stands before the dot of `X-Amz-Target`. */
  readonly target: string;
  /** As the signature's scope names them. */
  readonly service: string;
  readonly region: string;
  readonly accessKeyIds: ReadonlySet<string>;
  readonly operations: Readonly<Record<string, AwsOperation>>;
  /** Whatever was asked, oldest first. */
  readonly calls: AwsCall[];
}

/** An error as the service would answer it; `type` is the name of its shape. */
export class AwsError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const contentType = { "content-type": "application/x-amz-json-1.1" };

/** Reads the call, looks whether a known identity has signed it for this service and region, and answers as AWS does. Source: AWS JSON 1.1 protocol. */
export async function answerAws(request: RegistryRequest, service: AwsService): Promise<RegistryResponse> {
  const [target, operation = ""] = (request.headers["x-amz-target"] ?? "").split(".");
  const input = await readJson(request);
  const { status, output } = await answered(request, { ...service, input, operation: target === service.target ? operation : "" });
  service.calls.push({ operation, input, status, output });
  return jsonResponse(status, output, contentType);
}

type Asked = AwsService & Pick<AwsCall, "operation"> & { readonly input: Readonly<Record<string, unknown>> };

async function answered(request: RegistryRequest, asked: Asked): Promise<Pick<AwsCall, "status" | "output">> {
  try {
    if (request.method !== "POST" || request.headers["content-type"] !== contentType["content-type"])
      throw new AwsError("UnknownOperationException", "");
    const caller = callerOf(request, asked);
    const operation = asked.operations[asked.operation];
    if (operation === undefined) throw new AwsError("UnknownOperationException", "");
    return { status: 200, output: await operation(asked.input, caller) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { status: error.type === "ServerException" ? 500 : 400, output: { __type: error.type, message: error.message } };
  }
}

const scopePattern =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=[^,]+, ?Signature=[0-9a-f]{64}$/;

function callerOf({ headers }: RegistryRequest, { service, region, accessKeyIds }: AwsService): AwsCaller {
  const { authorization } = headers;
  if (authorization === undefined) throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  const [, accessKeyId = "", signedRegion, signedService] = scopePattern.exec(authorization) ?? [];
  if (signedRegion !== region || signedService !== service)
    throw new AwsError("InvalidSignatureException", `Credential should be scoped to a valid region and to the service '${service}'.`);
  if (!accessKeyIds.has(accessKeyId))
    throw new AwsError("UnrecognizedClientException", "The security token included in the request is invalid.");
  return { accessKeyId };
}
