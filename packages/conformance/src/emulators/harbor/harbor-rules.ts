import type { RegistryResponse, Route, RoutedRequest } from "@chartferry/registry";

import { bare } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { harborFailure } from "./harbor-answers.ts";
import { type HarborProject, type HarborState, projectOf } from "./harbor-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: HarborState;
  readonly plane: DataPlane;
}

interface InProject extends Asked {
  readonly route: Exclude<Route, { kind: "ping" | "catalog" }>;
  readonly project: HarborProject;
}

type Rule = (asked: InProject) => RegistryResponse | undefined | Promise<RegistryResponse | undefined>;

const rules: readonly Rule[] = [mirrors, full, untrusted, deletesDigestsOnly, pageSizes, immutableTags];

/** What Harbor refuses somebody who may do it, in its own words. */
export async function broken(asked: Asked): Promise<RegistryResponse | undefined> {
  const { route, request } = asked.routed;
  if (route?.kind === "catalog") return lostPlace(request.query.get("last"), asked.plane);
  if (route === undefined || route.kind === "ping") return undefined;
  const project = asked.state.projects.get(projectOf(route.repository));
  if (project === undefined) return undefined;
  for (const rule of rules) {
    const answer = await rule({ ...asked, route, project });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

const writes = ({ method }: RoutedRequest["request"]): boolean => !["GET", "HEAD"].includes(method);

/** Source: goharbor/harbor, src/server/middleware/repoproxy/proxy.go. */
function mirrors({ project, routed: { request }, route }: InProject): RegistryResponse | undefined {
  if (project.proxy !== true || !writes(request)) return undefined;
  return harborFailure(403, ["DENIED", `can not push artifact to a proxy project: ${projectOf(route.repository)}`]);
}

/** Source: goharbor/harbor, src/controller/quota/controller.go; the words, tests/resources of the same repository. */
function full({ project, routed: { request } }: InProject): RegistryResponse | undefined {
  if (project.full !== true || request.method !== "PUT") return undefined;
  const words =
    "adding 1.2 KiB of storage resource, which when updated to current usage of 10.0 MiB will exceed the configured upper limit of 10.0 MiB.";
  return harborFailure(403, ["DENIED", `Quota exceeded when processing the request of ${words}`]);
}

/** Source: goharbor/harbor, src/server/middleware/vulnerable/vulnerable.go. */
function untrusted({ project, route, routed: { request } }: InProject): RegistryResponse | undefined {
  if (project.preventsVulnerable !== true || route.kind !== "manifest" || request.method !== "GET") return undefined;
  const words =
    "current image without vulnerability scanning cannot be pulled due to configured policy in 'Prevent images with vulnerability'";
  return harborFailure(412, ["PROJECTPOLICYVIOLATION", words]);
}

/** Source: goharbor/harbor, src/server/registry/manifest.go. */
function deletesDigestsOnly({ route, routed: { request } }: InProject): RegistryResponse | undefined {
  if (route.kind !== "manifest" || request.method !== "DELETE" || route.reference.includes(":")) return undefined;
  return harborFailure(400, ["UNSUPPORTED", `unsupported digest ${route.reference}: invalid checksum digest format`]);
}

/** Source: goharbor/harbor, src/server/registry/util/util.go. */
function pageSizes({ route, routed: { request } }: InProject): RegistryResponse | undefined {
  const size = request.query.get("n");
  if (route.kind !== "tags" || size === null || Number(size) >= 0) return undefined;
  return harborFailure(400, ["BAD_REQUEST", "the N must be a positive int type"]);
}

/** Only the tag is compared: equal bytes are refused too. Source: goharbor/harbor, src/server/middleware/immutable/pushmf.go. */
async function immutableTags({ route, project, routed: { request }, plane }: InProject): Promise<RegistryResponse | undefined> {
  if (route.kind !== "manifest" || request.method !== "PUT" || project.immutable?.includes(route.repository) !== true) return undefined;
  if (route.reference.includes(":") || (await plane.open(bare("HEAD", request.path))).status !== 200) return undefined;
  const name = route.repository.slice(projectOf(route.repository).length + 1);
  return harborFailure(412, ["PRECONDITION", `Failed to process request due to '${name}:${route.reference}' configured as immutable.`]);
}

/** Source: goharbor/harbor, src/server/registry/catalog.go. */
async function lostPlace(last: string | null, { tree }: DataPlane): Promise<RegistryResponse | undefined> {
  if (last === null) return undefined;
  for await (const name of tree.repositories()) if (name === last) return undefined;
  return harborFailure(400, ["BAD_REQUEST", `the last: ${last} should be an existing repository`]);
}

/** Harbor's own codes for what the specification names otherwise. Source: goharbor/harbor, src/lib/errors/const.go. */
export function inHarborsWords(response: RegistryResponse, { route, request }: RoutedRequest): RegistryResponse {
  if (response.status === 404 && (route?.kind === "manifest" || route?.kind === "tags"))
    return harborFailure(404, ["NOT_FOUND", `${request.path.slice("/v2/".length)} not found`]);
  if (response.status === 413) return harborFailure(413, ["REQUEST_ENTITY_TOO_LARGE", "manifest is larger than 4194304 bytes"]);
  return response;
}
