import { randomUUID } from "node:crypto";

import { jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { bare } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { readJson } from "../world/read-json.ts";
import { type GarState, may, type Permission } from "./gar-state.ts";

const codes = { INVALID_ARGUMENT: 400, UNAUTHENTICATED: 401, PERMISSION_DENIED: 403, NOT_FOUND: 404, ALREADY_EXISTS: 409 } as const;

/** As all of Google's newer services say it. Source: API design guide, "Errors". */
function refused(status: keyof typeof codes, message: string): RegistryResponse {
  return jsonResponse(codes[status], { error: { code: codes[status], message, status } });
}

/** `artifactregistry.googleapis.com`, as far as repositories and packages. Source: its discovery document, v1. */
export function garApi(state: GarState, plane: () => DataPlane): RegistryHandler {
  return async (request) => {
    const token = state.access.find(/^Bearer (\S+)$/.exec(request.headers["authorization"] ?? "")?.[1] ?? "");
    if (token === undefined || token.expired)
      return refused("UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token.");
    return answered({ request, state, account: token.holder, parent: `projects/${state.project}/locations/${state.location}` }, plane());
  };
}

function answered(asked: Asked, plane: DataPlane): RegistryResponse | Promise<RegistryResponse> {
  const { request, state, parent } = asked;
  const [, project, location, kind, rest] =
    /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/(repositories|operations)(?:\/(.+))?$/.exec(decodeURIComponent(request.path)) ?? [];
  if (project !== state.project) return refused("NOT_FOUND", "Project not found.");
  if (location !== state.location && location !== "-") return refused("NOT_FOUND", "Location not found.");
  if (kind === "operations") return operation(`${parent}/operations/${rest ?? ""}`, state);
  return inRepositories(asked, rest, plane);
}

function inRepositories(asked: Asked, rest: string | undefined, plane: DataPlane): RegistryResponse | Promise<RegistryResponse> {
  if (rest === undefined) return asked.request.method === "POST" ? create(asked) : repositories(asked);
  const [, name = "", collection] = /^([^/]+)(?:\/(packages))?$/.exec(rest) ?? [];
  return collection === undefined ? refused("NOT_FOUND", "Not found.") : packages(asked, name, plane);
}

interface Asked {
  readonly request: RegistryRequest;
  readonly state: GarState;
  readonly account: string | undefined;
  readonly parent: string;
}

function denied({ parent, state, account }: Asked, permission: Permission, resource = parent): RegistryResponse | undefined {
  if (may(state, account, permission)) return undefined;
  return refused(
    "PERMISSION_DENIED",
    `Permission 'artifactregistry.repositories.${permission}' denied on resource '//artifactregistry.googleapis.com/${resource}' (or it may not exist).`,
  );
}

async function create(asked: Asked): Promise<RegistryResponse> {
  const { request, state, parent } = asked;
  const id = request.query.get("repositoryId") ?? "";
  const wish = await readJson(request);
  const refusal = denied(asked, "create");
  if (refusal !== undefined) return refusal;
  if (!/^[a-z](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(id) || wish["format"] !== "DOCKER")
    return refused("INVALID_ARGUMENT", "the repository id or its format is invalid");
  const key = `${state.project}/${id}`;
  if (state.repositories.has(key)) return refused("ALREADY_EXISTS", "the repository already exists");
  const config: unknown = wish["dockerConfig"];
  const immutableTags = typeof config === "object" && config !== null && "immutableTags" in config && config.immutableTags === true;
  state.repositories.set(key, { immutableTags, wish });
  const name = `${parent}/operations/${randomUUID()}`;
  state.operations.set(name, { looks: 0, result: described(id, asked) });
  return jsonResponse(200, { name, metadata: operationMetadata });
}

const operationMetadata = { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata" };

/** Under way when it is looked at for the first time. */
function operation(name: string, { operations }: GarState): RegistryResponse {
  const found = operations.get(name);
  if (found === undefined) return refused("NOT_FOUND", "Operation not found.");
  found.looks += 1;
  if (found.looks < 2) return jsonResponse(200, { name, metadata: operationMetadata });
  const response = { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.Repository", ...found.result };
  return jsonResponse(200, { name, metadata: operationMetadata, done: true, response });
}

function described(id: string, { state, parent }: Asked): object {
  const known = state.repositories.get(`${state.project}/${id}`);
  const time = new Date(state.clock.now()).toISOString();
  return { ...known?.wish, name: `${parent}/repositories/${id}`, format: "DOCKER", createTime: time, updateTime: time };
}

function repositories(asked: Asked): RegistryResponse {
  const ids = [...asked.state.repositories.keys()].map((key) => key.split("/")[1] ?? "");
  return (
    denied(asked, "list") ??
    jsonResponse(
      200,
      paged(
        asked.request,
        ids.map((id) => described(id, asked)),
        "repositories",
      ),
    )
  );
}

async function packages(asked: Asked, name: string, plane: DataPlane): Promise<RegistryResponse> {
  const { request, state, parent } = asked;
  const resource = `${parent}/repositories/${name}`;
  const refusal = denied(asked, "list", resource);
  if (refusal !== undefined) return refusal;
  if (!state.repositories.has(`${state.project}/${name}`)) return refused("NOT_FOUND", "Repository not found.");
  const prefix = state.isGcr ? `${state.project}/` : `${state.project}/${name}/`;
  const images = (await catalogue(plane)).filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
  const time = new Date(state.clock.now()).toISOString();
  const listed = images.map((image) => ({ name: `${resource}/packages/${encodeURIComponent(image)}`, createTime: time, updateTime: time }));
  return jsonResponse(200, paged(request, listed, "packages"));
}

async function catalogue({ open }: DataPlane): Promise<readonly string[]> {
  const { body } = await open({ ...bare("GET", "/v2/_catalog"), query: new URLSearchParams({ n: "10000" }) });
  const read: { repositories: string[] } = JSON.parse(Buffer.from(body instanceof Uint8Array ? body : []).toString("utf8"));
  return read.repositories;
}

/** At most 1000 a page. Source: the discovery document, `pageSize`. */
function paged({ query }: RegistryRequest, all: readonly object[], member: string): object {
  const size = Math.min(1000, Number(query.get("pageSize") ?? 0) || 100);
  const start = Number(query.get("pageToken") ?? 0);
  const next = start + size < all.length ? { nextPageToken: String(start + size) } : {};
  return { [member]: all.slice(start, start + size), ...next };
}
