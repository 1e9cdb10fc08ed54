import { emptyResponse, jsonResponse, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { bare, failure } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { digestUnder, standingTags } from "../world/standing-tags.ts";
import { type GarState, repositoryOf } from "./gar-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: GarState;
  readonly plane: DataPlane;
}

/** What the registry refuses somebody whose token is good. */
export async function broken(asked: Asked): Promise<RegistryResponse | undefined> {
  const { route } = asked.routed;
  if (route === undefined || route.kind === "ping") return undefined;
  // Users have no catalogue here; what it answers is not verified.
  if (route.kind === "catalog") return emptyResponse(404);
  return tooShort(route.repository, asked) ?? inPieces(asked) ?? (await immutable(asked));
}

/** Source: docker/build-push-action#171. */
function tooShort(repository: string, { state: { isGcr } }: Asked): RegistryResponse | undefined {
  const parts = repository.split("/").length;
  if (parts >= (isGcr ? 2 : 3)) return undefined;
  const form = "docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE";
  return failure(400, "NAME_INVALID", `Missing image name. Pushes should be of the form ${form}`);
}

const begun = new WeakMap<GarState, Set<string>>();

/** "You must use monolithic uploads" (dotnet/sdk-container-builds#287); the status is not verified. */
function inPieces({ routed: { request, route }, state }: Asked): RegistryResponse | undefined {
  if (route?.kind !== "upload" || request.method !== "PATCH") return undefined;
  const sessions = begun.get(state) ?? new Set();
  begun.set(state, sessions);
  if (sessions.has(route.session)) return failure(400, "BLOB_UPLOAD_INVALID", "You must use monolithic uploads.");
  sessions.add(route.session);
  return undefined;
}

/** Tags neither move nor go (discovery document, `immutableTags`). Status, code and words under `/v2/`, and equal bytes, are not verified. */
async function immutable({ routed: { request, route }, state, plane }: Asked): Promise<RegistryResponse | undefined> {
  if (route?.kind !== "manifest" || !["PUT", "DELETE"].includes(request.method) || route.reference.startsWith("sha256:")) return undefined;
  if (state.repositories.get(repositoryOf(route.repository, state))?.immutableTags !== true) return undefined;
  if ((await plane.open(bare("HEAD", request.path))).status !== 200) return undefined;
  return failure(400, "MANIFEST_INVALID", `cannot update tag ${route.reference}. The repository has enabled tag immutability`);
}

/** All tags in one answer, and what is known of each manifest with numbers as strings. Source: go-containerregistry, `pkg/v1/google/list.go`. */
export async function allTags(repository: string, plane: DataPlane, { clock }: GarState): Promise<RegistryResponse> {
  const tags = await standingTags(plane, repository);
  const manifest: Record<string, { tag: string[] } & Record<string, unknown>> = {};
  for (const tag of tags) {
    const digest = (await digestUnder(plane, repository, tag)) ?? "";
    const time = String(clock.now());
    manifest[digest] ??= { imageSizeBytes: "1024", layerId: "", mediaType: "", tag: [], timeCreatedMs: time, timeUploadedMs: time };
    manifest[digest].tag.push(tag);
  }
  return jsonResponse(200, { child: [], manifest, name: repository, tags });
}
