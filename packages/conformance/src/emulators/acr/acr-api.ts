import { jsonResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { bare } from "../world/answers.ts";
import { refuse } from "./acr-access.ts";
import type { AcrState } from "./acr-state.ts";
import type { AcrParts } from "./locks.ts";

/** The few of `/acr/v1` that list and lock; `undefined` = another path. Source: REST reference of the registry's data plane; @azure/container-registry 1.1.2. */
export async function answerAcrApi(request: RegistryRequest, parts: AcrParts): Promise<RegistryResponse | undefined> {
  const [, repository, tag] = /^\/acr\/v1\/(?:(.+)\/_tags(?:\/([^/]+))?|_catalog)$/.exec(decodeURIComponent(request.path)) ?? [];
  if (!request.path.startsWith("/acr/v1/")) return undefined;
  const access = [{ repository: repository ?? "*", actions: repository === undefined || tag === undefined ? (["pull"] as const) : [] }];
  return refuse({ request, access }, parts.state) ?? (await known({ request, repository, tag }, parts));
}

interface Asked {
  readonly request: RegistryRequest;
  readonly repository: string | undefined;
  readonly tag: string | undefined;
}

async function known({ request, repository, tag }: Asked, { state, plane }: AcrParts): Promise<RegistryResponse> {
  if (repository === undefined) return plane.open(bare("GET", "/v2/_catalog"));
  if (tag === undefined) return listed(await plane.open(bare("GET", `/v2/${repository}/tags/list`)), repository, state);
  const wish = await readJson(request);
  const name = `${repository}:${tag}`;
  if (wish["writeEnabled"] === false) state.locked.add(name);
  if (wish["writeEnabled"] === true) state.locked.delete(name);
  return jsonResponse(200, { registry: state.host, imageName: repository, tag: described(repository, tag, state) });
}

async function listed(answer: RegistryResponse, imageName: string, state: AcrState): Promise<RegistryResponse> {
  if (answer.status !== 200 || !(answer.body instanceof Uint8Array)) return answer;
  const { tags }: { tags: string[] } = JSON.parse(Buffer.from(answer.body).toString("utf8"));
  return jsonResponse(200, { registry: state.host, imageName, tags: tags.map((tag) => described(imageName, tag, state)) });
}

function described(repository: string, name: string, { locked, clock }: AcrState): object {
  const time = new Date(clock.now()).toISOString();
  const writeEnabled = !locked.has(`${repository}:${name}`);
  const changeableAttributes = { deleteEnabled: true, writeEnabled, readEnabled: true, listEnabled: true };
  return { name, digest: "", createdTime: time, lastUpdateTime: time, signed: false, changeableAttributes };
}

async function readJson({ body }: RegistryRequest): Promise<Readonly<Record<string, unknown>>> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}
