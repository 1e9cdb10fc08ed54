import { emptyResponse, jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { bare } from "../world/answers.ts";
import { basicPair } from "../world/basic-pair.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { readJson } from "../world/read-json.ts";
import { harborFailure } from "./harbor-answers.ts";
import { type HarborState, projectOf } from "./harbor-state.ts";

interface Call {
  readonly request: RegistryRequest;
  /** Signed in; the API takes Basic alone, no token of the registry's token service. */
  readonly account: string | undefined;
  readonly state: HarborState;
  readonly plane: DataPlane;
  /** Parts of the path, decoded once. */
  readonly names: readonly string[];
}

const base = "/api/v2.0";

const operations: readonly (readonly [RegExp, (call: Call) => RegistryResponse | Promise<RegistryResponse>])[] = [
  [/^HEAD \/projects$/, headProject],
  [/^POST \/projects$/, createProject],
  [/^GET \/projects$/, listProjects],
  [/^GET \/projects\/([^/]+)\/repositories$/, listRepositories],
  [/^DELETE \/projects\/([^/]+)\/repositories\/([^/]+)\/artifacts\/([^/]+)\/tags\/([^/]+)$/, deleteTag],
];

/** `/api/v2.0` of Harbor. Sources: its swagger.yaml, src/server/v2.0/handler. */
export function harborApi(state: HarborState, plane: () => DataPlane): RegistryHandler {
  return async (request) => {
    const pair = basicPair(request.headers["authorization"]);
    const account = pair && state.identify(pair);
    if (pair !== undefined && account === undefined) return unauthorised();
    for (const [pattern, operation] of operations) {
      const match = pattern.exec(`${request.method} ${request.path.slice(base.length)}`);
      const names = match?.slice(1).map((part) => decodeURIComponent(part ?? ""));
      if (names !== undefined) return operation({ request, account, state, plane: plane(), names });
    }
    return harborFailure(404, ["NOT_FOUND", "not found"]);
  };
}

function unauthorised(): RegistryResponse {
  return harborFailure(401, ["UNAUTHORIZED", "unauthorized"]);
}

function headProject({ request, state, account }: Call): RegistryResponse {
  if (account === undefined) return unauthorised();
  return emptyResponse(state.projects.has(request.query.get("project_name") ?? "") ? 200 : 404);
}

/** Source: goharbor/harbor, src/server/v2.0/handler/project.go; names, src/pkg/project/manager.go. */
async function createProject({ request, state, account }: Call): Promise<RegistryResponse> {
  const refusal = mayNotCreate(account, state);
  if (refusal !== undefined) return refusal;
  const wish = await readJson(request);
  const name = wish["project_name"];
  if (typeof name !== "string" || name.length > 255 || !/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name))
    return harborFailure(400, ["BAD_REQUEST", "project name is not in lower case or contains illegal characters"]);
  if (state.projects.has(name)) return harborFailure(409, ["CONFLICT", `The project named ${name} already exists`]);
  state.projects.set(name, { public: isPublic(wish["metadata"]) });
  return emptyResponse(201, { location: `${base}/projects/${state.projects.size}` });
}

/** Where only administrators create projects, which is a setting of the system. */
function mayNotCreate(account: string | undefined, { accounts }: HarborState): RegistryResponse | undefined {
  if (account === undefined) return unauthorised();
  const kind = accounts.get(account)?.kind;
  if (kind === "project robot") return harborFailure(403, ["FORBIDDEN", "Only system level robot can create project"]);
  return kind === "user" ? harborFailure(403, ["FORBIDDEN", "Only system admin can create project"]) : undefined;
}

function isPublic(metadata: unknown): boolean {
  return typeof metadata === "object" && metadata !== null && "public" in metadata && metadata.public === "true";
}

function listProjects({ request, state, account }: Call): RegistryResponse {
  const names = [...state.projects.keys()].filter((name) => state.rightsOf(account, name).includes("pull")).toSorted();
  return page(
    request,
    names.map((name, index) => ({ project_id: index + 1, name })),
  );
}

async function listRepositories({ request, state, account, plane, names: [project = ""] }: Call): Promise<RegistryResponse> {
  if (!state.projects.has(project)) return harborFailure(404, ["NOT_FOUND", `project ${project} not found`]);
  if (!state.rightsOf(account, project).includes("pull"))
    return account === undefined ? unauthorised() : harborFailure(403, ["FORBIDDEN", "forbidden"]);
  const found: { name: string; artifact_count: number }[] = [];
  for await (const name of plane.tree.repositories()) if (projectOf(name) === project) found.push({ name, artifact_count: 1 });
  return page(request, found);
}

/** Sizes: parameter `pageSize` of swagger.yaml. */
function page(request: RegistryRequest, items: readonly object[]): RegistryResponse {
  const number = Number(request.query.get("page") ?? 1);
  const size = Number(request.query.get("page_size") ?? 10);
  if (number < 1 || size < 1 || size > 100)
    return harborFailure(422, ["UNPROCESSABLE_ENTITY", "page_size in query should be less than or equal to 100"]);
  const start = (number - 1) * size;
  return jsonResponse(200, items.slice(start, start + size), { "x-total-count": String(items.length) });
}

/** A repository's slashes are encoded twice over; an artifact goes by its digest or by a tag. Source: swagger.yaml. */
async function deleteTag({ state, account, plane, names: [project = "", ...names] }: Call): Promise<RegistryResponse> {
  const refusal = mayNotDelete(account, state, project);
  if (refusal !== undefined) return refusal;
  // What stands in a path is decoded once before the path is read, so that a slash must have been encoded twice.
  if (names[0]?.includes("/") === true) return harborFailure(404, ["NOT_FOUND", "path not found"]);
  const [repository, reference, tag] = names.map((name, index) => (index === 0 ? `${project}/${decodeURIComponent(name)}` : name));
  const found = await plane.open(bare("HEAD", `/v2/${repository}/manifests/${reference}`));
  if (found.status !== 200) return harborFailure(404, ["NOT_FOUND", `artifact ${repository}:${reference} not found`]);
  if (state.projects.get(project)?.immutable?.includes(repository ?? "") === true)
    return harborFailure(412, ["PRECONDITION", `the tag ${tag} configured as immutable, cannot be deleted`]);
  await plane.open(bare("DELETE", `/v2/${repository}/manifests/${tag}`));
  return emptyResponse(200);
}

function mayNotDelete(account: string | undefined, state: HarborState, project: string): RegistryResponse | undefined {
  if (account === undefined) return unauthorised();
  return state.rightsOf(account, project).includes("delete") ? undefined : harborFailure(403, ["FORBIDDEN", "forbidden"]);
}
