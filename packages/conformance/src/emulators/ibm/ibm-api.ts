import { emptyResponse, jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { bare } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { readForm } from "../world/read-form.ts";
import { digestUnder } from "../world/standing-tags.ts";
import { type IbmIdentity, type IbmState, iamTokenLife, namespaceOf } from "./ibm-state.ts";

/** `iam.cloud.ibm.com`. Source: IBM, "Generating an IBM Cloud IAM token by using an API key". */
export function iamService(state: IbmState): RegistryHandler {
  return async (request) => {
    if (request.method !== "POST" || request.path !== "/identity/token") return emptyResponse(404);
    const form = await readForm(request);
    const isApiKey = form.get("grant_type") === "urn:ibm:params:oauth:grant-type:apikey";
    const token = isApiKey ? state.issueIamToken(form.get("apikey") ?? "") : undefined;
    if (token === undefined)
      return jsonResponse(400, { errorCode: "BXNIM0415E", errorMessage: "Provided API key could not be found.", context: {} });
    return jsonResponse(200, { access_token: token, refresh_token: "not_supported", token_type: "Bearer", expires_in: iamTokenLife });
  };
}

interface Call {
  readonly request: RegistryRequest;
  readonly state: IbmState;
  readonly plane: DataPlane;
  readonly identity: IbmIdentity;
  /** Last part of the path, decoded. */
  readonly name: string;
}

const operations: readonly (readonly [RegExp, (call: Call) => RegistryResponse | Promise<RegistryResponse>])[] = [
  [/^PUT \/api\/v1\/namespaces\/([^/]+)$/, createNamespace],
  [/^GET \/api\/v1\/images()$/, listImages],
  [/^DELETE \/api\/v1\/tags\/([^/]+)$/, deleteTag],
];

/** `/api/v1` of the registry's host. Source: IBM/container-registry-node-sdk, container-registry/v1.ts. */
export function ibmApi(state: IbmState, plane: () => DataPlane): RegistryHandler {
  return async (request) => {
    const [, token] = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "") ?? [];
    const identity = token === undefined ? undefined : state.iamIdentity(token);
    if (identity === undefined || request.headers["account"] !== identity.account) return refusal(401, "CRG0009E");
    for (const [pattern, operation] of operations) {
      const [, name] = pattern.exec(`${request.method} ${request.path}`) ?? [];
      if (name !== undefined) return operation({ request, state, plane: plane(), identity, name: decodeURIComponent(name) });
    }
    return emptyResponse(404);
  };
}

function refusal(status: number, code: string, message = "You are not authorized to access the specified resource."): RegistryResponse {
  return jsonResponse(status, { code, message, "request-id": "1-2" });
}

/** Which statuses these are is not verified; the API's documentation names 200 for a namespace that is there already. */
function createNamespace({ state, identity, name }: Call): RegistryResponse {
  if (!identity.isManager) return refusal(403, "CRN0012E");
  if (!/^[a-z0-9][a-z0-9_-]{2,28}[a-z0-9]$/.test(name)) return refusal(400, "CRN0002E", "The namespace name is not valid.");
  const owner = state.namespaces.get(name);
  if (owner !== undefined && owner !== identity.account)
    return refusal(409, "CRN0009E", "The requested namespace is already owned by a different IBM Cloud account.");
  state.namespaces.set(name, identity.account);
  return jsonResponse(owner === undefined ? 201 : 200, { namespace: name });
}

async function listImages({ request, state, plane, identity }: Call): Promise<RegistryResponse> {
  const wanted = request.query.getAll("namespace");
  const images: object[] = [];
  for await (const name of plane.tree.repositories()) {
    const namespace = namespaceOf(name);
    if (state.namespaces.get(namespace) !== identity.account || (wanted.length > 0 && !wanted.includes(namespace))) continue;
    images.push({ Id: `${state.host}/${name}`, RepoTags: [`${state.host}/${name}:1.0.0`, `${state.host}/${name}:1.1.0`], Size: 1 });
  }
  return jsonResponse(200, images);
}

async function deleteTag({ state, plane, identity, name }: Call): Promise<RegistryResponse> {
  const [, repository = "", tag = ""] = new RegExp(`^${state.host}/(.+):([^:/]+)$`).exec(name) ?? [];
  if (state.namespaces.get(namespaceOf(repository)) !== identity.account) return refusal(403, "CRI0101E");
  if ((await digestUnder(plane, repository, tag)) === undefined) return refusal(404, "CRI0106E", "The image does not exist.");
  await plane.open(bare("DELETE", `/v2/${repository}/manifests/${tag}`));
  return jsonResponse(200, { Untagged: name });
}
