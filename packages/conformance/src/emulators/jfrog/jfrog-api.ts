import { jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { basicPair } from "../world/basic-pair.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { readJson } from "../world/read-json.ts";
import { type JfrogRepository, type JfrogState, splitKey } from "./jfrog-state.ts";

const repositoryPath = /^\/artifactory\/api\/repositories\/([^/]+)$/;
const catalogPath = /^\/artifactory\/api\/(oci|helmoci|docker)\/([^/]+)\/v2\/_catalog$/;
const types = ["oci", "helmoci", "docker"] as const;

/** `/artifactory/api`. Sources: JFrog's REST API, goharbor/harbor src/pkg/reg/adapter/jfrog. JFrog publishes no machine-readable model of it. */
export function jfrogApi(state: JfrogState, plane: () => DataPlane): RegistryHandler {
  return async (request) => {
    const pair = basicPair(request.headers["authorization"]);
    const user = pair && state.identify(pair);
    if (user === undefined) return refusal(401, "Bad credentials");
    if (request.path === "/artifactory/api/repositories" && request.method === "GET") return listRepositories(state, user);
    const [, type, key = ""] = catalogPath.exec(request.path) ?? [];
    if (type !== undefined) return catalog({ request, state, plane: plane() }, { type, key });
    const [, named] = repositoryPath.exec(request.path) ?? [];
    return named === undefined ? refusal(404, "Not Found") : repository(request, state, { user, key: named });
  };
}

function refusal(status: number, message: string): RegistryResponse {
  return jsonResponse(status, { errors: [{ status, message }] });
}

function listRepositories(state: JfrogState, user: string): RegistryResponse {
  const names = { oci: "Oci", helmoci: "HelmOci", docker: "Docker" };
  const seen = [...state.repositories].filter(([key]) => state.rightsOf(user, key).includes("pull"));
  const charts = { key: "helm-classic", type: "LOCAL", packageType: "Helm", url: `https://${state.host}/artifactory/helm-classic` };
  return jsonResponse(200, [
    charts,
    ...seen.map(([key, { type, rclass }]) => ({
      key,
      type: rclass.toUpperCase(),
      packageType: names[type],
      url: `https://${state.host}/artifactory/${key}`,
    })),
  ]);
}

async function repository(
  request: RegistryRequest,
  state: JfrogState,
  { user, key }: { readonly user: string; readonly key: string },
): Promise<RegistryResponse> {
  const known = state.repositories.get(key);
  if (request.method === "GET") return known === undefined ? refusal(400, "Bad Request") : jsonResponse(200, { key, rclass: known.rclass });
  if (request.method !== "PUT") return refusal(405, "Method Not Allowed");
  if (state.users.get(user)?.administrator !== true) return refusal(403, "Forbidden");
  if (known !== undefined) return refusal(400, `Case insensitive repository key already exists : ${key}`);
  const wish = await readJson(request);
  const type = types.find((each) => each === wish["packageType"]);
  if (wish["key"] !== key || wish["rclass"] !== "local" || type === undefined) return refusal(400, "Bad Request");
  const made: JfrogRepository = { type, rclass: "local" };
  state.repositories.set(key, made);
  return { status: 200, headers: { "content-type": "text/plain" }, body: Buffer.from(`Successfully created repository '${key}'\n`) };
}

interface CatalogCall {
  readonly request: RegistryRequest;
  readonly state: JfrogState;
  readonly plane: DataPlane;
}

async function catalog(
  { request, state, plane }: CatalogCall,
  { type, key }: { readonly type: string; readonly key: string },
): Promise<RegistryResponse> {
  if (state.repositories.get(key)?.type !== type) return refusal(404, "Not Found");
  const after = request.query.get("last") ?? "";
  const size = Number(request.query.get("n") ?? 10_000);
  const all: string[] = [];
  for await (const name of plane.tree.repositories()) {
    const { key: own, image } = splitKey(name);
    if (own === key && image > after) all.push(image);
  }
  const repositories = all.slice(0, size);
  const link =
    all.length > size ? { link: `</v2/_catalog?n=${size}&last=${encodeURIComponent(repositories.at(-1) ?? "")}>; rel="next"` } : {};
  return jsonResponse(200, { repositories }, link);
}
