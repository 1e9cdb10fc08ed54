import type { ECRClient } from "@aws-sdk/client-ecr";
import type { AdapterContext } from "@chartferry/core";

import { awsRequestHandler } from "./aws-request-handler.ts";
import { loadSdk } from "./load-sdk.ts";

type EcrSdk = typeof import("@aws-sdk/client-ecr");

/** ECR's control plane in the region and partition that the host name tells, whatever AWS_REGION says. @throws credentials-unavailable */
export async function withEcr<Answer>(
  { http, match }: Pick<AdapterContext, "http" | "match">,
  operation: string,
  work: (client: ECRClient, sdk: EcrSdk) => Promise<Answer>,
): Promise<Answer> {
  quieten();
  const sdk = await loadSdk("@aws-sdk/client-ecr", () => import("@aws-sdk/client-ecr"));
  const client = new sdk.ECRClient({
    region: match["region"] ?? "us-east-1",
    useFipsEndpoint: match["fips"] === "yes",
    useDualstackEndpoint: match["dualStack"] === "yes",
    requestHandler: awsRequestHandler(http, operation),
  });
  try {
    return await work(client, sdk);
  } finally {
    client.destroy();
  }
}

/** Its word on Node versions to come is not for who runs a migration. */
export function quieten(): void {
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
}
