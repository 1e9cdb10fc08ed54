import {
  type AdapterContext,
  type CallOptions,
  ChartferryError,
  type Credential,
  type CredentialLookUp,
  type HttpAnswer,
  type ProbeAnswer,
  readPages,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { isBelow } from "./support/is-below.ts";
import { lacksScope, refusals } from "./support/refusals.ts";
import { askVendor, parseVendorJson } from "./support/vendor-json.ts";
import { textsIn } from "./support/vendor-call.ts";

const projectHint =
  "check that the project exists, that its container registry is on, and that this user may push to it; a repository lies in the project's path or at most two parts below";

/** The status is not documented: the registry's source has 401 for a protected tag. Source: gitlab-org/container-registry, `handlers/manifests.go`. */
const tagRules = [400, 401, 403, 409, 412].flatMap((status) => [
  {
    status,
    says: /tag \\?"[^"]*" is immutable/,
    means: {
      code: "tag-immutable" as const,
      hint: "a rule of the project makes this tag immutable: use --existing verify, or push another version",
    },
  },
  {
    status,
    says: /tag \\?"[^"]*" is protected/,
    means: { code: "denied" as const, hint: "a rule of the project protects this tag: push as somebody with the role that it names" },
  },
]);

const mapError = refusals([
  ...tagRules,
  { status: 401, when: lacksScope, means: { code: "denied-or-missing", hint: projectHint } },
  // With neither credential nor scope; a wrong credential is answered 401.
  { status: 403, operation: /^sign in$/, when: ({ signedIn }) => signedIn !== true, means: { code: "unauthenticated" } },
  { status: 403, operation: /push|list|resolve|find|fetch/, means: { code: "denied-or-missing", hint: projectHint } },
]);

/** GitLab, its own service or self-managed: the token service is on GitLab's host, the registry on another; projects must exist. */
export const gitlab: RegistryAdapter = {
  ...generic,
  id: "gitlab",
  traits: {
    ...specTraits,
    upload: "post-put",
    depth: { min: 2, max: Number.POSITIVE_INFINITY },
    // Five minutes where it is self-managed, fifteen at gitlab.com; the reply does not say it.
    tokenLife: "jwt",
    newRepository: {
      code: "repository-created",
      text: "it is not there yet: the push creates it, if its project exists",
      hint: "create the project in GitLab if it is not there",
    },
  },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    "delete-tag": true,
    "create-repository":
      "GitLab creates a repository with the first push, in a project that exists; a project is more than a place for charts",
  },
  detect: (host) => (host === "registry.gitlab.com" ? {} : undefined),
  probe: isGitlab,
  credentials: (context) => ({ chain: credentialOfJob(context) }),
  mapError,
  listRepositories,
};

/** Source: gitlabhq, `app/services/auth/container_registry_authentication_service.rb`. */
function isGitlab({ challenges }: ProbeAnswer): boolean {
  return challenges.some(
    ({ scheme, parameters: { realm = "", service } }) =>
      scheme === "bearer" && service === "container_registry" && URL.canParse(realm) && new URL(realm).pathname.endsWith("/jwt/auth"),
  );
}

/** User and password by their variables. Source: GitLab's predefined variables. */
const pairs = [
  { user: "CI_REGISTRY_USER", password: "CI_REGISTRY_PASSWORD" },
  { user: undefined, password: "CI_JOB_TOKEN" },
  { user: "CI_DEPLOY_USER", password: "CI_DEPLOY_PASSWORD" },
] as const;

/** A job has these without anybody's doing, so that a login that somebody made goes before them. They are for the job's own GitLab alone. */
function credentialOfJob({ environment, registry }: AdapterContext): CredentialLookUp {
  return ({ refused = [] }) => {
    if (environment["CI_REGISTRY"]?.toLowerCase() !== registry) return Promise.resolve(undefined);
    const found = pairs.flatMap(({ user, password: source }): Credential[] => {
      const [username = "", password = ""] = [user === undefined ? "gitlab-ci-token" : environment[user], environment[source]];
      return username === "" || password === "" ? [] : [{ kind: "basic", username, password, source }];
    });
    return Promise.resolve(found.find(({ source }) => !refused.includes(source)));
  };
}

/**
 * By GitLab's API, on the host of the token service: of the project that the prefix lies in, else of the group.
 * Source: GitLab's "Container registry API". @throws usage, unauthenticated
 */
async function* listRepositories(
  prefix: string,
  context: AdapterContext,
  options: CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { http, registry } = context;
  const place = { operation: "list repositories", registry };
  if (prefix === "")
    throw new ChartferryError("GitLab lists the repositories of one project or group", { ...place, code: "usage", hint: "name it" });
  const api = await apiOf(context, options);
  const headers = await apiHeaders(prefix, context);
  for (const owner of owners(prefix)) {
    let isThere = true;
    const fetch = async (url: URL): Promise<HttpAnswer | undefined> => {
      const answer = await askVendor(http, { ...place, url, headers, ...options });
      isThere = answer !== undefined;
      return answer;
    };
    const parse = (bytes: Uint8Array): string[] => textsIn(parseVendorJson(bytes, place), "path");
    const first = new URL(`/api/v4/${owner}/registry/repositories?per_page=100`, api);
    for await (const paths of readPages(first, { place, fetch, parse })) for (const path of paths) if (isBelow(path, prefix)) yield path;
    if (isThere) return;
  }
}

/** Where the prefix may be a project's path, or lie below one; last of all it is a group's. */
function owners(prefix: string): string[] {
  const parts = prefix.split("/");
  const projects = Array.from({ length: Math.max(0, parts.length - 1) }, (_, index) => parts.slice(0, parts.length - index).join("/"));
  return [...projects.map((path) => `projects/${encodeURIComponent(path)}`), `groups/${encodeURIComponent(prefix)}`];
}

async function apiOf({ http, origin, registry }: AdapterContext, options: CallOptions): Promise<URL> {
  const operation = "list repositories";
  const answer = await http.send({ method: "GET", url: new URL("/v2/", origin), operation, challenges: "refuse", ...options });
  await answer.dump();
  const [, realm = ""] = /realm="([^"]+)"/.exec(answer.headers["www-authenticate"] ?? "") ?? [];
  // The password goes where the token service already gets it, and never in the clear.
  if (URL.canParse(realm) && ["https:", origin.protocol].includes(new URL(realm).protocol)) return new URL(realm);
  throw new ChartferryError(`${registry} does not say where its GitLab is`, { code: "protocol-violation", operation, registry });
}

async function apiHeaders(prefix: string, { credential }: AdapterContext): Promise<Record<string, string>> {
  const found = await credential(prefix);
  if (found.kind !== "basic") return {};
  return { [found.username === "gitlab-ci-token" ? "job-token" : "private-token"]: found.password };
}
