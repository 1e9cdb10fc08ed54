import {
  type AdapterContext,
  ChartferryError,
  type Credential,
  errorFromAnswer,
  type ErrorDetails,
  type ErrorView,
  lifeInToken,
  parseChallenges,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { entraToken, speaksOfAzure } from "./sdk/azure.ts";
import { textOption } from "./support/adapter-options.ts";
import { keptCredential } from "./support/kept-credential.ts";

/** Name, region of a regional endpoint, cloud. `<name>.<region>.data.azurecr.io` only ever gives blobs and is no registry. Source: Azure's endpoint reference. */
const hostPattern = /^([a-z0-9]{5,50}(?:-[a-z0-9]+)?)(?:\.([a-z0-9]+)\.geo)?\.azurecr\.(io|cn|us|de)$/;

const source = "the Azure credential chain";
/** The same in every cloud. Source: Azure SDK for Go, azcontainerregistry; flux. */
const audience = "https://containerregistry.azure.net";
/** Of a refresh token that does not tell. Milliseconds. Source: @azure/container-registry. */
const refreshTokenLife = 3 * 3_600_000;
/** A reply of the token service is not larger. Bytes. */
const replyLimit = 128 * 1024;

/** Azure Container Registry: a token of Entra ID buys one of the registry's own, which buys one for each repository. Repositories come with the first push. */
export const acr: RegistryAdapter = {
  ...generic,
  id: "acr",
  traits: {
    ...specTraits,
    // Azure's own clients send POST, PATCH and PUT; one POST is documented nowhere.
    upload: "post-put",
    // The reply has neither `token` nor `expires_in`.
    tokenLife: "jwt",
  },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    referrers: true,
    "delete-tag": true,
    "delete-manifest": true,
    "create-repository": "Azure creates the repository with the first push; the registry itself comes from az acr create",
    "overwrite-tag": true,
  },
  detect(host) {
    const match = hostPattern.exec(host);
    if (match === null) return undefined;
    const [, name = "", region, cloud = ""] = match;
    return { name, cloud, ...(region === undefined ? {} : { region }) };
  },
  credentials(context) {
    const lookUp = keptCredential(source, context.clock, () => signIn(context));
    return speaksOfAzure(context) ? { environment: lookUp } : { chain: lookUp };
  },
  mapError,
};

async function signIn(context: AdapterContext): Promise<Credential | undefined> {
  const token = await entraToken(context, `${textOption(context, "audience") ?? audience}/.default`);
  if (token === undefined) return undefined;
  const refreshToken = await exchange(token, context);
  const stated = lifeInToken(refreshToken) * 1000;
  const life = Number.isFinite(stated) ? stated : refreshTokenLife;
  return { kind: "refresh", refreshToken, source, expiresAt: context.clock.now() + life };
}

/** The registry's own refresh token for one of Entra ID. Source: Azure/acr, AAD-OAuth.md. @throws unauthenticated, denied, protocol-violation … */
async function exchange(accessToken: string, context: AdapterContext): Promise<string> {
  const { http, origin, registry } = context;
  const operation = "sign in";
  const form = { grant_type: "access_token", service: await serviceOf(context), access_token: accessToken };
  const answer = await http.call({
    method: "POST",
    url: new URL("/oauth2/exchange", origin),
    operation,
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: new TextEncoder().encode(new URLSearchParams(form).toString()),
    wholeBytes: replyLimit,
  });
  if (answer.status !== 200) throw await errorFromAnswer(answer, { operation, registry, credentialSource: source, asksToken: true });
  const token = refreshTokenIn(await answer.bytes(replyLimit));
  if (token === undefined)
    throw new ChartferryError(`${registry} answered the token of Azure without one of its own`, {
      code: "protocol-violation",
      operation,
      registry,
    });
  return token;
}

/** As the registry names itself: a regional endpoint belongs to one of another name. */
async function serviceOf({ http, origin, registry }: AdapterContext): Promise<string> {
  const answer = await http.send({ method: "GET", url: new URL("/v2/", origin), operation: "sign in", challenges: "refuse" });
  await answer.dump();
  const [bearer] = parseChallenges(answer.headers["www-authenticate"] ?? "").filter(({ scheme }) => scheme === "bearer");
  return bearer?.parameters["service"] ?? registry;
}

function refreshTokenIn(bytes: Uint8Array): string | undefined {
  try {
    const reply: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const token: unknown = typeof reply === "object" && reply !== null && "refresh_token" in reply ? reply.refresh_token : undefined;
    return typeof token === "string" && token !== "" ? token : undefined;
  } catch {
    return undefined;
  }
}

/** A lock (`writeEnabled` or `deleteEnabled` off) on a tag, a manifest or a whole repository. Source: Azure's FAQ of the registry; Azure/acr-cli#70. */
function mapError({ errors, operation, repository = "NAME" }: ErrorView): Partial<ErrorDetails> | undefined {
  if (!errors.some(({ code }) => code === "REGISTRY_DISALLOWED_OPERATION")) return undefined;
  if (/blob|upload/.test(operation))
    return {
      code: "read-only",
      hint: `the repository is locked: az acr repository update --repository ${repository} --write-enabled true`,
    };
  return {
    code: "tag-immutable",
    hint: `the tag or its repository is locked: az acr repository show --image ${repository}:TAG tells which`,
  };
}
