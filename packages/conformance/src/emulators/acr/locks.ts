import type { RegistryResponse, RoutedRequest } from "@chartferry/registry";

import { bare, failure } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import type { AcrState } from "./acr-state.ts";

export interface AcrParts {
  readonly state: AcrState;
  readonly plane: DataPlane;
}

/** The answer to a write that meets a lock. Sources: azure-docs, image lock; equal bytes under a locked tag are not verified, and refused here. */
export async function refuseLocked({ request, route }: RoutedRequest, { state, plane }: AcrParts): Promise<RegistryResponse | undefined> {
  const { locked } = state;
  if (route === undefined || route.kind === "ping" || route.kind === "catalog" || ["GET", "HEAD"].includes(request.method))
    return undefined;
  if (locked.has(route.repository)) return lockedAnswer();
  if (route.kind !== "manifest") return undefined;
  if (locked.has(`${route.repository}:${route.reference}`)) return lockedAnswer();
  const stands = locked.has(`${route.repository}:*`) && (await plane.open(bare("HEAD", request.path))).status === 200;
  return stands ? lockedAnswer() : undefined;
}

/** Sources: Azure/acr-cli#70; Azure's FAQ of the registry. */
function lockedAnswer(): RegistryResponse {
  const more = "View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation-";
  return failure(405, "REGISTRY_DISALLOWED_OPERATION", `The operation is disallowed on this registry, repository or image. ${more}`);
}
