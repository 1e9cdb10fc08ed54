import {
  type AdapterContext,
  basicHeader,
  type CallOptions,
  type ErrorView,
  type NameProblem,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { flagOption } from "./support/adapter-options.ts";
import { isBelow } from "./support/is-below.ts";
import { refusals } from "./support/refusals.ts";
import { callVendor, textsIn, type VendorCall } from "./support/vendor-call.ts";

/** Source: goharbor/harbor, src/pkg/project/manager.go. */
const projectName = { pattern: /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/, longest: 255 };
/** Of the API. Source: swagger.yaml, parameter `pageSize`. */
const pageSize = 100;
/** More are no list any more. */
const mostPages = 10_000;

const projectOf = (repository: string): string => repository.split("/")[0] ?? "";

const missing = ({ repository = "" }: ErrorView) =>
  ({ code: "namespace-missing", hint: `create the project ${projectOf(repository)} in Harbor` }) as const;

const mapError = refusals([
  { status: 401, says: /project .*not found/i, means: missing },
  // A HEAD has no body: that nothing is asked for (an empty challenge) says it alone.
  { status: 401, when: ({ errors, headers }) => errors.length === 0 && headers["www-authenticate"]?.trim() === "", means: missing },
  {
    status: 401,
    says: /unauthorized to access repository/i,
    means: { hint: "check user (robot accounts are named with $) and password, and that this account may do so in the project" },
  },
  { status: 403, says: /proxy project/i, means: { code: "denied", hint: "a proxy cache takes no pushes: choose another project" } },
  {
    status: 412,
    says: /PROJECTPOLICYVIOLATION/,
    means: { code: "denied", hint: "a policy of the project refuses it: look at its configuration" },
  },
]);

/** Harbor, self-hosted: repositories come into being by a push, in projects that must exist; Basic and tokens of half an hour. */
export const harbor: RegistryAdapter = {
  ...generic,
  id: "harbor",
  traits: {
    ...specTraits,
    // The registry behind it is Distribution, which throws the body of a POST away.
    upload: "post-put",
    depth: { min: 2, max: Number.POSITIVE_INFINITY },
    newRepository: {
      code: "repository-missing",
      text: "this repository is not there yet: Harbor makes it with the first push, if its project exists",
      hint: "create the project in Harbor if it is not there",
    },
  },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    mount: true,
    referrers: true,
    "delete-tag": true,
    "delete-manifest": true,
    "create-repository": true,
  },
  /** No host names it; its challenge does, wherever it stands. Source: goharbor/harbor, src/server/middleware/v2auth/auth.go. */
  probe: ({ challenges }) =>
    challenges.some(({ parameters: { service, realm = "" } }) => service === "harbor-registry" && realm.endsWith("/service/token")),
  validate: (_host, repository) => nameProblems(repository),
  mapError,
  ensureRepository,
  listRepositories,
  deleteTag,
};

function nameProblems(repository: string): NameProblem[] {
  const project = projectOf(repository);
  if (projectName.pattern.test(project) && project.length <= projectName.longest) return [];
  const text = `${project}: a project of Harbor has at most ${projectName.longest} lower case letters and digits, with single . _ - between them`;
  return [{ text, hint: "choose another namespace" }];
}

/** Signed as the registry's own requests are: the API takes Basic, and none of the token service's tokens. */
async function call(context: AdapterContext, { path, ...rest }: Omit<VendorCall, "url"> & { path: string }, options?: CallOptions) {
  const authorization = basicHeader(await context.credential(rest.repository ?? ""));
  return callVendor(context, { ...rest, authorization, url: new URL(`/api/v2.0${path}`, context.origin) }, options);
}

/** The project: below it Harbor makes everything itself. @throws denied for robots of a project, and where only administrators may */
async function ensureRepository(repository: string, context: AdapterContext, options?: CallOptions): Promise<"exists" | "created"> {
  const project = projectOf(repository);
  const json = { project_name: project, metadata: { public: String(flagOption(context, "public") ?? false) } };
  const hint = `have an administrator create the project ${project}, or use an account that may`;
  const wish = { method: "POST", path: "/projects", operation: "create project", repository, json, expected: [201, 409] } as const;
  const { status } = await call(context, { ...wish, mapError: refusals([{ status: 403, means: { code: "denied", hint } }]) }, options);
  return status === 201 ? "created" : "exists";
}

/** By the API: `/v2/_catalog` is for administrators of the whole system. */
async function* listRepositories(prefix: string, context: AdapterContext, options?: CallOptions): AsyncGenerator<string, void, undefined> {
  const projects = prefix === "" ? names(context, "/projects", options) : [projectOf(prefix)];
  for await (const project of projects)
    for await (const name of names(context, `/projects/${encodeURIComponent(project)}/repositories`, options))
      if (isBelow(name, prefix)) yield name;
}

async function* names(context: AdapterContext, path: string, options?: CallOptions): AsyncGenerator<string, void, undefined> {
  for (let page = 1; page <= mostPages; page++) {
    const place = { method: "GET", operation: "list repositories", expected: [200, 404] } as const;
    const { status, json } = await call(context, { ...place, path: `${path}?page=${page}&page_size=${pageSize}` }, options);
    if (status === 404) return;
    const found = textsIn(json, "name");
    yield* found;
    if (found.length < pageSize) return;
  }
}

/** The registry's own DELETE takes digests alone, with all their tags. */
async function deleteTag(
  { repository, tag }: { repository: string; tag: string },
  context: AdapterContext,
  options?: CallOptions,
): Promise<boolean> {
  const project = projectOf(repository);
  // Slashes are encoded twice over. Source: swagger.yaml, parameter `repositoryName`.
  const name = encodeURIComponent(encodeURIComponent(repository.slice(project.length + 1)));
  const path = `/projects/${project}/repositories/${name}/artifacts/${tag}/tags/${tag}`;
  const { status } = await call(context, { method: "DELETE", path, operation: "delete tag", repository, expected: [200, 404] }, options);
  return status === 200;
}
