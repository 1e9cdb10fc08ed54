import { jsonResponse, type RegistryResponse, type Route, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { digestUnder } from "../world/standing-tags.ts";
import { type JfrogState, splitKey } from "./jfrog-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: JfrogState;
  readonly plane: DataPlane;
}

interface InRepository extends Asked {
  readonly route: Exclude<Route, { kind: "ping" | "catalog" }>;
}

type Rule = (asked: InRepository) => RegistryResponse | undefined | Promise<RegistryResponse | undefined>;

const rules: readonly Rule[] = [patchOnly, blockedTags, hiddenTags];

/** What Artifactory refuses somebody who may do it. */
export async function broken(asked: Asked): Promise<RegistryResponse | undefined> {
  const { route } = asked.routed;
  if (route === undefined || route.kind === "ping" || route.kind === "catalog") return undefined;
  for (const rule of rules) {
    const answer = await rule({ ...asked, route });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Before anybody is asked who he is: the page is the servlet container's. Sources: jfrog/charts#908, jfrog/artifactory-docker-examples#135. */
export function withoutKey({ route }: RoutedRequest, { repositories }: JfrogState): RegistryResponse | undefined {
  if (route === undefined || route.kind === "ping" || route.kind === "catalog") return undefined;
  const { key, image } = splitKey(route.repository);
  if (repositories.has(key) && image !== "") return undefined;
  const text = "<html><head><title>HTTP Status 404 - Not Found</title></head><body><h1>HTTP Status 404 - Not Found</h1></body></html>";
  return { status: 404, headers: { "content-type": "text/html;charset=utf-8" }, body: Buffer.from(text) };
}

/** Which status it was is not known; the specification's for a method that an endpoint lacks is taken. Source: RTFACT-19344. */
function patchOnly({ route, routed: { request }, state }: InRepository): RegistryResponse | undefined {
  if (state.patchOnly !== true || route.kind !== "upload" || request.method !== "PUT") return undefined;
  return Number(request.headers["content-length"] ?? 0) > 0 ? failure(405, "UNSUPPORTED", "The operation is unsupported.") : undefined;
}

/** Equal bytes are not told apart here: not verified, the stricter form. Source: GoogleContainerTools/kaniko#1095. */
async function blockedTags({ route, routed: { request }, state, plane }: InRepository): Promise<RegistryResponse | undefined> {
  if (route.kind !== "manifest" || request.method !== "PUT" || route.reference.includes(":")) return undefined;
  if (state.repositories.get(splitKey(route.repository).key)?.blocksTags !== true) return undefined;
  if ((await digestUnder(plane, route.repository, route.reference)) === undefined) return undefined;
  return jsonResponse(403, {
    errors: [{ code: "MANIFEST_INVALID", message: "manifest invalid", detail: { description: "HTTP 403 Forbidden" } }],
  });
}

/** Source: RTFACT-13797, google/go-containerregistry#1691. */
async function hiddenTags({ route, routed: { request }, state, plane }: InRepository): Promise<RegistryResponse | undefined> {
  if (route.kind !== "manifest" || !["GET", "HEAD"].includes(request.method)) return undefined;
  if (state.repositories.get(splitKey(route.repository).key)?.rclass !== "virtual") return undefined;
  return (await digestUnder(plane, route.repository, route.reference)) === undefined ? failure(403, "DENIED", "Forbidden") : undefined;
}

const typeOfJson = "application/json;charset=ISO-8859-1";

/** Every answer says what it comes from. Sources: earthly/earthly#1017, containerd/containerd#6339. */
export function inArtifactorysWords(response: RegistryResponse, routed: RoutedRequest, state: JfrogState): RegistryResponse {
  const signs = {
    "x-jfrog-version": "Artifactory/7.90.9 79009900",
    "x-artifactory-id": "6d70dcfd451c8e98:237a9c5d:1792f16ad1d:-8000",
    server: "Artifactory/7.90.9 79009900",
    "docker-distribution-api-version": "registry/2.0",
  };
  const type = response.headers["content-type"] === "application/json" ? { "content-type": typeOfJson } : {};
  return virtualPage({ ...response, headers: { ...response.headers, ...signs, ...type } }, routed, state);
}

/** The Link of a virtual repository has lost the key (RTFACT-18971), and digests stand among the tags (containers/skopeo#2346). */
function virtualPage(response: RegistryResponse, { route }: RoutedRequest, { repositories }: JfrogState): RegistryResponse {
  if (route?.kind !== "tags" || response.status !== 200) return response;
  const { key, image } = splitKey(route.repository);
  if (repositories.get(key)?.rclass !== "virtual") return response;
  const link = response.headers["link"];
  const headers = { ...response.headers, ...(link === undefined ? {} : { link: String(link).replace(`/v2/${key}/`, "/v2/") }) };
  const tags = [`sha256:${"0".repeat(64)}`, ...tagsIn(response)];
  return { ...response, headers, body: Buffer.from(JSON.stringify({ name: image, tags })) };
}

function tagsIn({ body }: RegistryResponse): unknown[] {
  const page: unknown = body instanceof Uint8Array ? JSON.parse(Buffer.from(body).toString("utf8")) : {};
  const tags: unknown = typeof page === "object" && page !== null && "tags" in page ? page.tags : [];
  return Array.isArray(tags) ? tags : [];
}
