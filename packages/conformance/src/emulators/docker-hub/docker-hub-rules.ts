import type { RegistryResponse, Route, RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { digestUnder, tagsNaming } from "../world/standing-tags.ts";
import type { HubState } from "./docker-hub-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: HubState;
  readonly plane: DataPlane;
  /** `undefined` = nobody. */
  readonly account: string | undefined;
}

interface OfManifest extends Asked {
  readonly route: Extract<Route, { kind: "manifest" }>;
}

const isDigest = (reference: string): boolean => reference.startsWith("sha256:");

/** What Docker Hub refuses somebody whose token is good enough. */
export async function broken(asked: Asked): Promise<RegistryResponse | undefined> {
  const { route, request } = asked.routed;
  if (route?.kind !== "manifest") return undefined;
  const ofManifest = { ...asked, route };
  if (request.method === "PUT") return immutableTag(ofManifest);
  if (request.method === "DELETE") return deletion(ofManifest);
  return request.method === "GET" ? counted(ofManifest) : undefined;
}

/** 403; its words, and whether equal bytes are refused too, are not verified: the stricter is taken. Source: docker/hub-feedback#2466. */
async function immutableTag({ route: { repository, reference }, state, plane }: OfManifest): Promise<RegistryResponse | undefined> {
  if (!state.immutable.has(repository) || isDigest(reference)) return undefined;
  if ((await digestUnder(plane, repository, reference)) === undefined) return undefined;
  return failure(403, "DENIED", "requested access to the resource is denied");
}

/** By digest alone, and not while a tag names it. Source: docker/docs, `reference/api/registry/latest.yaml`. */
async function deletion({ route: { repository, reference }, plane }: OfManifest): Promise<RegistryResponse | undefined> {
  if (!isDigest(reference)) return failure(405, "UNSUPPORTED", "The operation is unsupported.");
  const named = await tagsNaming(plane, repository, reference);
  return named.length === 0 ? undefined : failure(403, "DENIED", "the manifest is still referenced");
}

/** A GET counts, a HEAD does not. Sources: docker/docs `usage/pulls.md`; the words from the same page. */
function counted({ state, account = "" }: OfManifest): RegistryResponse | undefined {
  const pulls = state.pulls.get(account) ?? 0;
  if (pulls >= state.pullLimit) {
    const text =
      "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limits";
    return { status: 429, headers: { "content-type": "text/plain", ...limitHeaders(state, account) }, body: Buffer.from(text) };
  }
  state.pulls.set(account, pulls + 1);
  return undefined;
}

export function limitHeaders({ pullLimit, pulls }: HubState, account = ""): Record<string, string> {
  const left = Math.max(0, pullLimit - (pulls.get(account) ?? 0));
  const window = "w=21600";
  return {
    "ratelimit-limit": `${pullLimit};${window}`,
    "ratelimit-remaining": `${left};${window}`,
    "docker-ratelimit-source": account === "" ? "192.0.2.1" : "0b9a2a5e-0000-4000-8000-000000000000",
  };
}
