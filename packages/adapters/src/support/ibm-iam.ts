import { type AdapterContext, type CallOptions, ChartferryError, type ErrorView } from "@chartferry/core";

import { textOption } from "./adapter-options.ts";
import { callVendor } from "./vendor-call.ts";
import { textOf } from "./vendor-json.ts";

/** Source: IBM, "Generating an IBM Cloud IAM token by using an API key". */
const tokenUrl = new URL("https://iam.cloud.ibm.com/identity/token");
const grantType = "urn:ibm:params:oauth:grant-type:apikey";

export interface IamIdentity {
  readonly token: string;
  readonly account: string;
}

/** A token for IBM's APIs from what the user signs in to the registry with, and the account that it stands for. @throws credentials-unavailable, usage */
export async function iamIdentity(context: AdapterContext, repository: string, options?: CallOptions): Promise<IamIdentity> {
  const credential = await context.credential(repository);
  if (credential.kind !== "basic" || !["iamapikey", "iambearer"].includes(credential.username)) {
    throw new ChartferryError("IBM's registry API takes an API key or a token of IAM", {
      code: "credentials-unavailable",
      operation: "sign in at IBM Cloud",
      registry: context.registry,
      hint: "sign in as iamapikey with an API key, or set IBMCLOUD_API_KEY",
    });
  }
  const token = credential.username === "iambearer" ? credential.password : await exchange(credential.password, context, options);
  context.http.hide(token);
  return { token, account: textOption(context, "account") ?? accountIn(token, context) };
}

function unknownKey({ status }: ErrorView) {
  if (status < 400 || status >= 500) return undefined;
  return { code: "credentials-unavailable", hint: "check the API key: IAM does not know it" } as const;
}

async function exchange(apikey: string, context: AdapterContext, options?: CallOptions): Promise<string> {
  const operation = "sign in at IBM Cloud";
  const form = { grant_type: grantType, apikey };
  const { json } = await callVendor(context, { method: "POST", url: tokenUrl, operation, form, mapError: unknownKey }, options);
  const token = textOf(json, "access_token");
  if (token !== undefined) return token;
  throw new ChartferryError("IAM answered without a token", { code: "protocol-violation", operation, registry: context.registry });
}

/** In the claims of each of IAM's tokens. */
function accountIn(token: string, { registry }: AdapterContext): string {
  const account = accountClaim(token);
  if (account !== undefined) return account;
  throw new ChartferryError("the token of IAM does not say which account it is for", {
    code: "usage",
    operation: "sign in at IBM Cloud",
    registry,
    hint: "name it by the option account of this registry in chartferry.yaml",
  });
}

function accountClaim(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return textOf(new Map(Object.entries(claims ?? {})).get("account"), "bss");
  } catch {
    return undefined;
  }
}
