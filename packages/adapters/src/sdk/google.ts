import { type AdapterContext, ChartferryError } from "@chartferry/core";

import { googleFetch } from "./google-transport.ts";
import { loadSdk } from "./load-sdk.ts";

const scope = "https://www.googleapis.com/auth/cloud-platform";

/** Source: gcp-metadata. */
const metadataHosts = ["169.254.169.254", "metadata.google.internal."];

export interface GoogleToken {
  readonly token: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number | undefined;
}

type Asking = Pick<AdapterContext, "http" | "environment" | "registry">;

/** Whether the environment names a key file of Google, so that it goes before what a credential file holds. */
export function speaksOfGoogle({ environment }: Pick<AdapterContext, "environment">): boolean {
  return (environment["GOOGLE_APPLICATION_CREDENTIALS"] ?? "") !== "";
}

/**
 * An access token by Application Default Credentials: the key file that the environment names, gcloud's own file, the machine's service account;
 * or by `key`, the text of a service account's key. `undefined` = nothing of it is there. @throws credentials-unavailable
 */
export async function googleToken(context: Asking, key?: string): Promise<GoogleToken | undefined> {
  const operation = "sign in at Google";
  const { GoogleAuth, gaxios } = await loadSdk("google-auth-library", () => import("google-auth-library"));
  // Its question for the machine's own identity would go to a proxy, which is another machine.
  gaxios.instance.defaults.noProxy = metadataHosts;
  const unreached: ChartferryError[] = [];
  const fetchImplementation = googleFetch(context.http, { operation, onFailure: (error) => unreached.push(error) });
  try {
    const client = await clientWith(new gaxios.Gaxios({ fetchImplementation }), { GoogleAuth, context, key });
    const { token } = await client.getAccessToken();
    if (typeof token !== "string" || token === "") throw new Error("no access token came of it");
    context.http.hide(token);
    return { token, expiresAt: client.credentials.expiry_date ?? undefined };
  } catch (error) {
    if (key === undefined && !speaksOfGoogle(context) && isNothingThere(error)) return undefined;
    throw unreached.at(-1) ?? googleFailure(error, { operation, registry: context.registry });
  }
}

type GoogleSdk = typeof import("google-auth-library");
type Transporter = InstanceType<GoogleSdk["gaxios"]["Gaxios"]>;

interface Choice extends Pick<GoogleSdk, "GoogleAuth"> {
  readonly context: Asking;
  readonly key: string | undefined;
}

async function clientWith(transporter: Transporter, { GoogleAuth, context, key }: Choice) {
  const auth = new GoogleAuth({
    scopes: scope,
    // Nobody needs it for a token; without it the library runs gcloud and asks the metadata server.
    projectId: context.environment["GOOGLE_CLOUD_PROJECT"] || "unknown",
    clientOptions: { transporter },
    ...(key === undefined ? {} : { credentials: JSON.parse(key) }),
  });
  const client = await auth.getClient();
  // Federation exchanges its token by a transport that the library lets nobody choose.
  const exchange: unknown = Object.getOwnPropertyDescriptor(client, "stsCredential")?.value;
  if (typeof exchange === "object" && exchange !== null) Object.assign(exchange, { transporter });
  return client;
}

/** Source: google-auth-library, `GoogleAuthExceptionMessages.NO_ADC_FOUND`. */
function isNothingThere(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Could not load the default credentials");
}

function googleFailure(error: unknown, place: { readonly operation: string; readonly registry: string }): unknown {
  if (!(error instanceof Error)) return error;
  return new ChartferryError(`${place.operation}: Google says: ${error.message.replaceAll(/\s+/g, " ").slice(0, 500)}`, {
    ...place,
    code: "credentials-unavailable",
    hint: "check GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login again",
    cause: error,
  });
}
