import {
  type AdapterContext,
  type CallOptions,
  ChartferryError,
  type Credential,
  type CredentialLookUp,
  type HostMatch,
  type HttpAnswer,
  readPages,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { refusals } from "./support/refusals.ts";
import { isBelow } from "./support/is-below.ts";
import { askVendor, parseVendorJson, textOf } from "./support/vendor-json.ts";

/** GitHub Enterprise Cloud with a domain of its own; GitHub Enterprise Server's `containers.HOST` is not told by its name. */
const enterprisePattern = /^containers\.([a-z0-9-]+)\.ghe\.com$/;

const notByProtocol = "GHCR deletes nothing by the registry's protocol; package versions are deleted in GitHub's pages or by its REST API";

const mapError = refusals([
  {
    // One word for a token that is wrong, has expired or is of the wrong kind, even where nobody needs one.
    status: 403,
    operation: /^sign in$/,
    when: ({ errors }) => errors[0]?.message === "denied",
    means: {
      code: "unauthenticated",
      hint: "the token is wrong, has expired, or is a fine-grained one (github_pat_…), which GHCR does not take: use a classic token with write:packages, or GITHUB_TOKEN",
    },
  },
  {
    status: 403,
    operation: /^sign in$/,
    when: ({ signedIn }) => signedIn !== true,
    means: { code: "denied-or-missing", hint: "private packages need a sign-in: a classic token with read:packages, or GITHUB_TOKEN" },
  },
  {
    status: 403,
    says: /write_package|create_package/,
    means: {
      code: "denied",
      hint: "give this repository the role Write in the package's settings (Manage Actions access), or use a classic token with write:packages of somebody who may create packages there",
    },
  },
  {
    status: 403,
    says: /read_package|expected scopes/,
    means: { code: "denied", hint: "use a classic token with read:packages and write:packages" },
  },
]);

/** GitHub's container registry: repositories below an owner, private at first; lists and deletions by GitHub's REST API. */
export const ghcr: RegistryAdapter = {
  ...generic,
  id: "ghcr",
  traits: { ...specTraits, upload: "post-put", depth: { min: 2, max: Number.POSITIVE_INFINITY } },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    referrers: "GHCR has no referrers API; referrers are kept under the tag sha256-<hex>",
    "delete-tag": notByProtocol,
    "delete-manifest": notByProtocol,
    "create-repository": "GHCR creates a package with the first push, private at first",
    "overwrite-tag": true,
  },
  detect,
  credentials: (context) => ({ chain: tokenOfEnvironment(context) }),
  mapError,
  listRepositories,
};

function detect(host: string): HostMatch | undefined {
  if (host === "ghcr.io") return { server: "https://github.com", api: "https://api.github.com" };
  const [, name] = enterprisePattern.exec(host) ?? [];
  return name === undefined ? undefined : { server: `https://${name}.ghe.com`, api: `https://api.${name}.ghe.com` };
}

/**
 * These variables speak of all of GitHub, so that a login for the registry goes before them. They name no server, and must not go to another than theirs.
 * Source: go-containerregistry, `pkg/authn/github/keychain.go`.
 */
function tokenOfEnvironment({ environment, match }: AdapterContext): CredentialLookUp {
  const { server } = match;
  const theirs = environment["GITHUB_SERVER_URL"] ?? "https://github.com";
  return ({ refused = [] }) => {
    const name = ["GITHUB_TOKEN", "GH_TOKEN"].find((each) => (environment[each] ?? "") !== "" && !refused.includes(each));
    return Promise.resolve(name === undefined || server !== theirs.replace(/\/$/, "") ? undefined : tokenCredential(name, environment));
  };
}

/** Any user will do, as long as there is one. */
function tokenCredential(source: string, environment: AdapterContext["environment"]): Credential {
  const { GITHUB_ACTOR: username = "x-access-token" } = environment;
  return { kind: "basic", username: username === "" ? "x-access-token" : username, password: environment[source] ?? "", source };
}

/** There is no `/v2/_catalog`. The first part of the prefix is the owner: an organisation, else a user. @throws usage, unauthenticated */
async function* listRepositories(
  prefix: string,
  context: AdapterContext,
  options: CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { http, registry, match, credential } = context;
  const place = { operation: "list repositories", registry };
  const owner = prefix.split("/")[0] ?? "";
  const { api } = match;
  if (owner === "" || api === undefined)
    throw new ChartferryError("GitHub lists the packages of one owner", {
      ...place,
      code: "usage",
      hint: "name the organisation or user first",
    });
  http.trust(new URL(api));
  const found = await credential(owner);
  const authorization = found.kind === "basic" ? `Bearer ${found.password}` : undefined;
  const headers = { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" };
  const fetch = (url: URL): Promise<HttpAnswer | undefined> => askVendor(http, { ...place, url, authorization, headers, ...options });
  const parse = (bytes: Uint8Array): string[] => packagesIn(parseVendorJson(bytes, place));
  const first = (kind: string): URL => new URL(`/${kind}/${owner}/packages?package_type=container&per_page=100`, api);
  let isOrganisation = true;
  const ofOrganisation = async (url: URL): Promise<HttpAnswer | undefined> => {
    const answer = await fetch(url);
    isOrganisation = answer !== undefined;
    return answer;
  };
  for await (const names of readPages(first("orgs"), { place, fetch: ofOrganisation, parse })) yield* below(names, owner, prefix);
  if (isOrganisation) return;
  for await (const names of readPages(first("users"), { place, fetch, parse })) yield* below(names, owner, prefix);
}

function* below(names: readonly string[], owner: string, prefix: string): Generator<string, void, undefined> {
  for (const name of names) if (isBelow(`${owner}/${name}`, prefix)) yield `${owner}/${name}`;
}

function packagesIn(page: unknown): string[] {
  return Array.isArray(page) ? page.flatMap((each: unknown) => textOf(each, "name") ?? []) : [];
}
