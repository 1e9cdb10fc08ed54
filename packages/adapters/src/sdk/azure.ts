import { type AdapterContext, ChartferryError } from "@chartferry/core";

import { azureHttpClient } from "./azure-http-client.ts";
import { loadSdk } from "./load-sdk.ts";

/** Variables by which a user says who signs in at Azure; without one of them credential files go first. */
const spoken = ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TOKEN_CREDENTIALS"];
/** Variables that a machine of Azure sets: somebody gave it an identity. */
const ambient = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"];

/** Authorities of the sovereign clouds, by the registry's suffix. Source: @azure/identity, `AzureAuthorityHosts`. */
const authorities: Readonly<Record<string, string>> = {
  cn: "https://login.chinacloudapi.cn",
  us: "https://login.microsoftonline.us",
};

type Asking = Pick<AdapterContext, "http" | "environment" | "registry" | "match">;

const isSet = ({ environment }: Pick<AdapterContext, "environment">, name: string): boolean => (environment[name] ?? "") !== "";

/** Whether the environment names credentials of Azure, so that they go before what a credential file holds. */
export function speaksOfAzure(context: Pick<AdapterContext, "environment">): boolean {
  return spoken.some((name) => isSet(context, name));
}

/**
 * A token of Entra ID by the chain of Azure's own tools (variables, workload identity, managed identity, az login …). `undefined` = nothing
 * of it is configured. A chain of its own for each call: its memory would give an expired token again. @throws credentials-unavailable
 */
export async function entraToken(context: Asking, scope: string): Promise<string | undefined> {
  const operation = "sign in at Azure";
  const sdk = await loadSdk("@azure/identity", () => import("@azure/identity"));
  const authorityHost = isSet(context, "AZURE_AUTHORITY_HOST") ? undefined : authorities[context.match["cloud"] ?? ""];
  const unreached: ChartferryError[] = [];
  try {
    const chain = new sdk.DefaultAzureCredential({
      httpClient: azureHttpClient(context.http, { operation, onFailure: (error) => unreached.push(error) }),
      ...(authorityHost === undefined ? {} : { authorityHost }),
    });
    const { token } = await chain.getToken(scope);
    context.http.hide(token);
    return token;
  } catch (error) {
    if (isUnavailable(error) && ![...spoken, ...ambient].some((name) => isSet(context, name))) return undefined;
    // The SDK says no more of it than that there was one.
    throw unreached.at(-1) ?? azureFailure(error, { operation, registry: context.registry });
  }
}

/** Every link of the chain says that it has nothing to say. */
function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "CredentialUnavailableError") return true;
  return "errors" in error && Array.isArray(error.errors) && error.errors.every(isUnavailable);
}

function azureFailure(error: unknown, place: { readonly operation: string; readonly registry: string }): unknown {
  if (error instanceof ChartferryError || !(error instanceof Error)) return error;
  return new ChartferryError(`${place.operation}: Azure says: ${firstLines(error.message)}`, {
    ...place,
    code: "credentials-unavailable",
    hint: "check the AZURE_ variables, the machine's identity, or az login (az account show tells who it names)",
    cause: error,
  });
}

/** The SDK adds advice, traces and the words of every link of its chain. */
function firstLines(message: string): string {
  return message.replaceAll(/\s+/g, " ").trim().slice(0, 600);
}
