import type { AdapterContext, CallOptions, NameProblem, RegistryAdapter } from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { textOption } from "./support/adapter-options.ts";
import { iamIdentity } from "./support/ibm-iam.ts";
import { isBelow } from "./support/is-below.ts";
import { lacksScope, refusals } from "./support/refusals.ts";
import { callVendor, type VendorCall } from "./support/vendor-call.ts";
import { memberOf } from "./support/vendor-json.ts";

/** The global registry and the regional ones, public and private. Sources: IBM's registry overview; container-registry-node-sdk (fr2). */
const hostPattern = /^(private\.)?(?:(us|uk|de|es|au|jp|jp2|ca|ca2|br|in|in2|fr2)\.)?icr\.io$/;
/** Source: IBM, "Setting up a namespace". */
const namespaceName = /^[a-z0-9][a-z0-9_-]{2,28}[a-z0-9]$/;

const variables = ["IBMCLOUD_API_KEY", "IC_API_KEY"];

const missing =
  "create the namespace (ibmcloud cr namespace-add), whose name may belong to nobody else in the region, or let this identity write to it";

/** IBM Cloud Container Registry: an API key as a password, namespaces that must exist and are unique in a region over all accounts. */
export const ibm: RegistryAdapter = {
  ...generic,
  id: "ibm",
  traits: {
    ...specTraits,
    // Neither a single POST nor PATCH is documented.
    upload: "post-put",
    depth: { min: 2, max: Number.POSITIVE_INFINITY },
    hidesMissing: true,
    newRepository: {
      code: "repository-missing",
      text: "this repository is not there yet: the registry makes it with the first push, if its namespace exists",
      hint: "create the namespace with ibmcloud cr namespace-add if it is not there",
    },
  },
  capabilities: { ...specCapabilities, "list-repositories": true, "delete-tag": true, "create-repository": true },
  detect(host) {
    const match = hostPattern.exec(host);
    return match === null ? undefined : { region: match[2] ?? "global", network: match[1] === undefined ? "public" : "private" };
  },
  validate: (_host, repository) => nameProblems(repository),
  credentials: ({ environment }) => ({
    environment: ({ refused = [] }) => {
      const source = variables.find((name) => (environment[name] ?? "") !== "" && !refused.includes(name));
      const password = source === undefined ? undefined : environment[source];
      return Promise.resolve(
        source === undefined || password === undefined ? undefined : { kind: "basic", username: "iamapikey", password, source },
      );
    },
  }),
  // Not there and not ours are one to it.
  missingCodes: ["denied-or-missing"],
  mapError: refusals([
    ...[401, 403].map(
      (status) =>
        ({
          status,
          says: /exceeded its .*quota/i,
          means: { code: "quota-exceeded", hint: "delete images or raise the quota (ibmcloud cr quota-set), or wait for the next month" },
        }) as const,
    ),
    {
      status: 403,
      says: /private-only access/i,
      means: {
        code: "denied",
        hint: "this account takes private connections alone: use the host private.REGION.icr.io from within IBM Cloud",
      },
    },
    {
      status: 401,
      says: /insufficient scope/i,
      means: { code: "denied", hint: "let this identity write to the namespace, or look for context-based restrictions" },
    },
    {
      status: 401,

      when: lacksScope,
      means: { code: "denied-or-missing", hint: missing },
    },
  ]),
  ensureRepository,
  listRepositories,
  deleteTag,
};

const namespaceOf = (repository: string): string => repository.split("/")[0] ?? "";

function nameProblems(repository: string): NameProblem[] {
  if (namespaceName.test(namespaceOf(repository))) return [];
  const text = `${namespaceOf(repository)}: a namespace of IBM's registry has 4 to 30 lower case letters, digits, - and _, with a letter or digit at both ends`;
  return [{ text, hint: "choose another namespace" }];
}

/** The API takes tokens of IAM alone, beside the account that is meant. */
async function call(context: AdapterContext, { path, ...rest }: Omit<VendorCall, "url"> & { path: string }, options?: CallOptions) {
  const { token, account } = await iamIdentity(context, rest.repository ?? "", options);
  const headers = { account, ...rest.headers };
  return callVendor(
    context,
    { ...rest, headers, authorization: `Bearer ${token}`, url: new URL(`/api/v1/${path}`, context.origin) },
    options,
  );
}

/** The namespace: below it the registry makes everything itself. @throws denied for identities without the role Manager on the account */
async function ensureRepository(repository: string, context: AdapterContext, options?: CallOptions): Promise<"exists" | "created"> {
  const group = textOption(context, "resourceGroup");
  const hint = "grant the role Manager on the account to this identity, or create the namespace as somebody who has it";
  const mapError = refusals([401, 403].map((status) => ({ status, means: { code: "denied", hint } }) as const));
  const wish = {
    method: "PUT",
    path: `namespaces/${namespaceOf(repository)}`,
    operation: "create namespace",
    repository,
    mapError,
  } as const;
  const headers = group === undefined ? {} : { "x-auth-resource-group": group };
  const { status } = await call(context, { ...wish, headers, expected: [200, 201] }, options);
  return status === 201 ? "created" : "exists";
}

/** By the API: `_catalog` is promised nowhere. */
async function* listRepositories(prefix: string, context: AdapterContext, options?: CallOptions): AsyncGenerator<string, void, undefined> {
  const query = prefix === "" ? "" : `?namespace=${encodeURIComponent(namespaceOf(prefix))}`;
  const { json } = await call(context, { method: "GET", path: `images${query}`, operation: "list repositories" }, options);
  const images: unknown[] = Array.isArray(json) ? json : [];
  const names = new Set(images.flatMap((image) => memberOf(image, "RepoTags")).flatMap((name) => repositoryIn(name, context.registry)));
  for (const name of [...names].toSorted()) if (isBelow(name, prefix)) yield name;
}

/** `HOST/NAMESPACE/NAME:TAG`, under the host that was asked or the one that stands for it in public. */
function repositoryIn(name: unknown, host: string): string[] {
  const [, registry, repository] = typeof name === "string" ? (/^([^/]+)\/(.+?)(?::[^:/]+)?$/.exec(name) ?? []) : [];
  return repository !== undefined && registry === host.replace(/^private\./, "") ? [repository] : [];
}

/** Takes the tag alone away; a DELETE by the registry's own protocol is promised nowhere. */
async function deleteTag(
  { repository, tag }: { repository: string; tag: string },
  context: AdapterContext,
  options?: CallOptions,
): Promise<boolean> {
  const image = encodeURIComponent(`${context.registry.replace(/^private\./, "")}/${repository}:${tag}`);
  const wish = { method: "DELETE", path: `tags/${image}`, operation: "delete tag", repository, expected: [200, 404] } as const;
  return (await call(context, wish, options)).status === 200;
}
