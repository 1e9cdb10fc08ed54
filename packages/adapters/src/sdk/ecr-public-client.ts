import type { ECRPUBLICClient } from "@aws-sdk/client-ecr-public";
import type { AdapterContext } from "@chartferry/core";

import { awsRequestHandler } from "./aws-request-handler.ts";
import { quieten } from "./ecr-client.ts";
import { loadSdk } from "./load-sdk.ts";

type EcrPublicSdk = typeof import("@aws-sdk/client-ecr-public");

/** ECR Public's control plane, which is in one region whatever AWS_REGION says. Source: amazon-ecr-credential-helper, `factory.go`. @throws credentials-unavailable */
export async function withEcrPublic<Answer>(
  { http }: Pick<AdapterContext, "http">,
  operation: string,
  work: (client: ECRPUBLICClient, sdk: EcrPublicSdk) => Promise<Answer>,
): Promise<Answer> {
  quieten();
  const sdk = await loadSdk("@aws-sdk/client-ecr-public", () => import("@aws-sdk/client-ecr-public"));
  const client = new sdk.ECRPUBLICClient({ region: "us-east-1", requestHandler: awsRequestHandler(http, operation) });
  try {
    return await work(client, sdk);
  } finally {
    client.destroy();
  }
}
