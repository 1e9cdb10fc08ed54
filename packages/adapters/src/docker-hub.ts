import {
  type AdapterContext,
  type CallOptions,
  ChartferryError,
  pageBytes,
  type RegistryAdapter,
  type ResolvedTarget,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { lacksScope, refusals } from "./support/refusals.ts";
import { askVendor, memberOf, parseVendorJson, textOf } from "./support/vendor-json.ts";

/** Names of the one registry. Source: go-containerregistry, `pkg/authn/keychain.go`; regclient, `config/host.go`. */
const hosts = new Set(["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);
const apiHost = "registry-1.docker.io";
/** Under which every tool keeps its login. */
const credentialKey = "https://index.docker.io/v1/";
const managementApi = "https://hub.docker.com";
const pageSize = 100;
/** A namespace of more repositories is not known. */
const pageLimit = 1000;

const mapError = refusals([
  {
    status: 401,
    when: lacksScope,
    means: {
      code: "denied-or-missing",
      hint: "check that the namespace (user or organisation) exists, and that this access token may write to it",
    },
  },
  {
    status: 403,
    operation: /^push manifest$/,
    means: {
      code: "tag-immutable",
      hint: "the repository's settings make this tag immutable: use --existing verify, or push another version",
    },
  },
  { status: 403, operation: /^delete manifest$/, means: { code: "denied", hint: "delete the tags that name it first" } },
]);

/** Docker Hub: three names, one API host; namespaces of exactly one level; a management API of its own. */
export const dockerHub: RegistryAdapter = {
  ...generic,
  id: "docker-hub",
  traits: {
    ...specTraits,
    upload: "post-put",
    // A third level is answered 401, as if the password were wrong. Source: attune-io/attune#218.
    depth: { min: 2, max: 2 },
    newRepository: {
      code: "repository-becomes-public",
      text: "this repository does not exist yet: the push creates it, and it is public unless the namespace's default is private",
      hint: "create it as a private one first, or set the default privacy in Docker Hub's settings",
    },
  },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    "delete-tag": "Docker Hub's registry deletes by digest alone; single tags are deleted in its web pages",
    "delete-manifest": true,
    "create-repository": "Docker Hub creates a repository with the first push, in a namespace that exists",
  },
  detect: (host) => (hosts.has(host) ? {} : undefined),
  resolve,
  mapError,
  listRepositories,
};

function resolve(host: string, repository: string): ResolvedTarget {
  return hosts.has(host) ? { apiHost, repository, credentialKey } : { apiHost: host, repository, credentialKey: host };
}

/** `/v2/_catalog` is closed to everybody. The first part of the prefix is the namespace. @throws usage, unauthenticated */
async function* listRepositories(
  prefix: string,
  context: AdapterContext,
  options: CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  const [namespace = "", wanted] = prefix.split("/");
  const place = { operation: "list repositories", registry: context.registry };
  if (namespace === "")
    throw new ChartferryError("Docker Hub lists the repositories of one namespace", {
      ...place,
      code: "usage",
      hint: "name the namespace",
    });
  const authorization = await signIn(namespace, context, options);
  for (let page = 1; page <= pageLimit; page++) {
    const url = new URL(`/v2/repositories/${namespace}/?page=${page}&page_size=${pageSize}`, managementApi);
    const answer = await askVendor(context.http, { ...place, url, authorization, ...options });
    const body = answer && parseVendorJson(await answer.bytes(pageBytes), place);
    for (const name of namesOf(body)) if (wanted === undefined || name === wanted) yield `${namespace}/${name}`;
    if (typeof memberOf(body, "next") !== "string") return;
  }
}

function namesOf(page: unknown): string[] {
  const results = memberOf(page, "results");
  return Array.isArray(results) ? results.flatMap((each: unknown) => textOf(each, "name") ?? []) : [];
}

/** The management API takes none of the registry's tokens. Nobody sees what is public. Source: regclient, `internal/auth/auth.go`. */
async function signIn(
  namespace: string,
  { http, registry, credential }: AdapterContext,
  options: CallOptions,
): Promise<string | undefined> {
  http.trust(new URL(managementApi));
  const found = await credential(namespace);
  if (found.kind !== "basic") return undefined;
  const place = { operation: "sign in", registry };
  const form = { username: found.username, password: found.password };
  const answer = await askVendor(http, { ...place, url: new URL("/v2/users/login", managementApi), form, ...options });
  const token = answer && textOf(parseVendorJson(await answer.bytes(pageBytes), place), "token");
  if (token === undefined) throw new ChartferryError("Docker Hub's API answered without a token", { ...place, code: "protocol-violation" });
  http.hide(token);
  return `JWT ${token}`;
}
