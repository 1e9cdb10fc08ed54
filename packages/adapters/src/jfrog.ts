import {
  type AdapterContext,
  basicHeader,
  type CallOptions,
  type Credential,
  isChartferryError,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { textOption } from "./support/adapter-options.ts";
import { isBelow } from "./support/is-below.ts";
import { jfrogVariables, platformUrl } from "./support/jfrog-platform.ts";
import { lacksScope, refusals } from "./support/refusals.ts";
import { callVendor, type VendorCall } from "./support/vendor-call.ts";
import { memberOf, textOf } from "./support/vendor-json.ts";

/** `<server>.jfrog.io`, and the names by which one repository of it may be reached: `<key>.<server>` and `<server>-<key>`. */
const hostPattern = /^((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.jfrog\.io$/;

const packageTypes = ["oci", "helmoci", "docker"] as const;
const pageSize = 1000;

const mayNotOverwrite =
  "the repository, or this user's lack of the right to delete or overwrite, does not let tags move: use --existing verify, or push another version";

/** JFrog Artifactory, at jfrog.io or self-hosted: a repository key before each path, and a token service for each key. */
export const jfrog: RegistryAdapter = {
  ...generic,
  id: "jfrog",
  traits: {
    ...specTraits,
    // Old servers took the bytes of a blob by PATCH alone (RTFACT-19344).
    uploadFallback: "patch",
    // The Link of a virtual repository lacks the key (RTFACT-18971).
    tagPages: "last",
    newRepository: {
      code: "repository-missing",
      text: "this repository is not there yet: Artifactory makes it with the first push, if the repository key before it exists",
      hint: "create a local repository of the type OCI under that key if it is not there",
    },
  },
  capabilities: { ...specCapabilities, "list-repositories": true, "create-repository": true },
  detect(host) {
    const [, server] = hostPattern.exec(host) ?? [];
    return server === undefined ? undefined : { server };
  },
  /** Its nginx may hide some of them. Sources: containerd/containerd#6339, earthly/earthly#1017. */
  probe: ({ headers }) =>
    headers["x-jfrog-version"] !== undefined ||
    headers["x-artifactory-id"] !== undefined ||
    headers["server"]?.startsWith("Artifactory/") === true,
  credentials: (context) => ({
    environment: ({ refused = [] }) => {
      const found = jfrogVariables(context);
      return Promise.resolve(found === undefined || refused.includes(found.source) ? undefined : found);
    },
  }),
  mapError: refusals([
    // Not found and not allowed are one to it where a virtual repository is asked (RTFACT-13797).
    { status: 403, operation: /^resolve tag$/, when: ({ signedIn }) => signedIn === true, means: { code: "manifest-unknown" } },
    // It refuses to overwrite by a 403 within. Source: GoogleContainerTools/kaniko#1095.
    { status: 403, operation: /^push manifest$/, says: /MANIFEST_INVALID/, means: { code: "tag-immutable", hint: mayNotOverwrite } },
    { status: 401, when: lacksScope, means: { code: "denied", hint: "let this user deploy to the repository key" } },
    {
      status: 404,
      operation: /push|mount|upload/,
      means: ({ repository = "" }) => ({
        code: "repository-missing",
        hint: `create a local repository ${keyIn(repository)} of the type OCI, Helm OCI or Docker, or begin the path with a key that exists`,
      }),
    },
    {
      status: 403,
      operation: /^sign in$/,
      means: { hint: "a user confined to some repositories is refused here, and may push to those all the same" },
    },
  ]),
  ensureRepository,
  listRepositories,
};

const keyIn = (repository: string): string => repository.split("/")[0] ?? "";

/** Where the host stands for one repository, the path does not begin with its key. */
function keyOf(repository: string, context: AdapterContext): string {
  return textOption(context, "repositoryKey") ?? keyIn(repository);
}

async function call(context: AdapterContext, { path, ...rest }: Omit<VendorCall, "url"> & { path: string }, options?: CallOptions) {
  const authorization = authorizationOf(await context.credential(rest.repository ?? ""));
  const url = new URL(`artifactory/api/${path}`, platformUrl(context));
  context.http.trust(url);
  return callVendor(context, { ...rest, authorization, url }, options);
}

function authorizationOf(credential: Credential): string | undefined {
  return credential.kind === "bearer" ? `Bearer ${credential.token}` : basicHeader(credential);
}

/** @throws denied for whoever is no administrator */
async function ensureRepository(repository: string, context: AdapterContext, options?: CallOptions): Promise<"exists" | "created"> {
  const key = keyOf(repository, context);
  const json = { key, rclass: "local", packageType: textOption(context, "packageType", packageTypes) ?? "oci" };
  const hint = `have an administrator create the local repository ${key}`;
  const mapError = refusals([{ status: 403, means: { code: "denied", hint } }]);
  const place = { path: `repositories/${encodeURIComponent(key)}`, operation: "create repository", repository, mapError } as const;
  try {
    await call(context, { ...place, method: "PUT", json, answers: "text", expected: [200, 201] }, options);
    return "created";
  } catch (error) {
    // Another chart of the same key, or somebody else, was faster.
    if (isChartferryError(error) && error.status === 400 && /already exists/i.test(error.message)) return "exists";
    throw error;
  }
}

/** Each key has a catalogue of its own, below the API of its type. */
async function* listRepositories(prefix: string, context: AdapterContext, options?: CallOptions): AsyncGenerator<string, void, undefined> {
  const { json } = await call(context, { method: "GET", path: "repositories", operation: "list repositories" }, options);
  for (const place of keysIn(json)) {
    if (prefix !== "" && keyIn(prefix) !== place.key) continue;
    for await (const name of catalogOf(place, context, options)) if (isBelow(`${place.key}/${name}`, prefix)) yield `${place.key}/${name}`;
  }
}

interface KeyPlace {
  readonly key: string;
  readonly type: string;
}

function keysIn(list: unknown): KeyPlace[] {
  const all = Array.isArray(list) ? list.map((each: unknown) => [textOf(each, "key"), textOf(each, "packageType")?.toLowerCase()]) : [];
  return all.flatMap(([key = "", type = ""]) => (packageTypes.some((known) => known === type) ? [{ key, type }] : []));
}

async function* catalogOf(
  { key, type }: KeyPlace,
  context: AdapterContext,
  options?: CallOptions,
): AsyncGenerator<string, void, undefined> {
  let last = "";
  for (;;) {
    const path = `${type}/${encodeURIComponent(key)}/v2/_catalog?n=${pageSize}${last === "" ? "" : `&last=${encodeURIComponent(last)}`}`;
    const { json, headers } = await call(context, { method: "GET", path, operation: "list repositories" }, options);
    const listed = memberOf(json, "repositories");
    const names = Array.isArray(listed) ? listed.filter((name: unknown): name is string => typeof name === "string") : [];
    yield* names;
    const next = names.at(-1) ?? "";
    if (headers["link"] === undefined || next === "" || next === last) return;
    last = next;
  }
}
