import { emptyResponse, type RegistryResponse, type Route, type RoutedRequest } from "@chartferry/registry";

import { bare, failure } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import type { EcrState } from "./ecr-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: EcrState;
  readonly plane: DataPlane;
}

interface InRepository extends Asked {
  readonly route: Exclude<Route, { kind: "ping" | "catalog" }>;
}

type Rule = (asked: InRepository) => RegistryResponse | undefined | Promise<RegistryResponse | undefined>;

const rules: readonly Rule[] = [mustExist, smallPages, noPlus, immutableTags];

/** What ECR refuses somebody whom it knows, in its own words. */
export async function broken(asked: Asked): Promise<RegistryResponse | undefined> {
  const { route } = asked.routed;
  if (route === undefined || route.kind === "ping" || route.kind === "catalog") return undefined;
  for (const rule of rules) {
    const answer = await rule({ ...asked, route });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Sources: user guide, "repository creation templates"; actions/starter-workflows#2647 for the words. */
function mustExist({ route: { repository, kind }, state }: InRepository): RegistryResponse | undefined {
  if (state.repositories.has(repository)) return undefined;
  if (kind === "uploads" && state.createOnPush.some((prefix) => prefix === "ROOT" || repository.startsWith(`${prefix}/`))) {
    state.repositories.set(repository, { immutable: false, wish: {} });
    return undefined;
  }
  return failure(404, "NAME_UNKNOWN", `The repository with name '${repository}' does not exist in the registry with id '${state.account}'`);
}

/** Source: google/go-containerregistry#681. */
function smallPages({ route, routed: { request } }: InRepository): RegistryResponse | undefined {
  if (route.kind !== "tags" || Number(request.query.get("n") ?? 0) <= 1000) return undefined;
  const text = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'";
  return failure(405, "UNSUPPORTED", text);
}

/** Source: bazel-contrib/rules_oci#720. */
function noPlus({ route }: InRepository): RegistryResponse | undefined {
  return route.kind === "manifest" && route.reference.includes("+") ? emptyResponse(400) : undefined;
}

/** Equal bytes are refused too. Sources: aws/containers-roadmap#2179, moby/buildkit#3776. */
async function immutableTags({ route, routed: { request }, state, plane }: InRepository): Promise<RegistryResponse | undefined> {
  if (route.kind !== "manifest" || request.method !== "PUT" || route.reference.startsWith("sha256:")) return undefined;
  const { repository, reference } = route;
  if (state.repositories.get(repository)?.immutable !== true) return undefined;
  if ((await plane.open(bare("HEAD", request.path))).status !== 200) return undefined;
  const text = `The image tag '${reference}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`;
  return failure(400, "TAG_INVALID", text);
}
