import type { RegistryResponse, RoutedRequest } from "@chartferry/registry";
import { jsonResponse } from "@chartferry/registry";

import type { DataPlane } from "../world/data-plane.ts";
import type { IssuedToken } from "../world/issued-tokens.ts";
import { digestUnder } from "../world/standing-tags.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly plane: DataPlane;
  readonly token: IssuedToken | undefined;
}

/** Rules of tags, as the token has them. Source: gitlab-org/container-registry, `registry/handlers/manifests.go`. */
export async function broken({ routed: { route, request }, plane, token }: Asked): Promise<RegistryResponse | undefined> {
  if (route?.kind !== "manifest" || !["PUT", "DELETE"].includes(request.method)) return undefined;
  const { repository, reference } = route;
  const rules = rulesIn(token, repository);
  if (reference.startsWith("sha256:"))
    return request.method === "DELETE" && rules.immutable.length + rules.protected.length > 0
      ? refused("PROTECTED_MANIFEST", "manifests cannot be deleted where tags are protected")
      : undefined;
  if (matches(rules.protected, reference)) return refused("PROTECTED_TAG", `tag "${reference}" is protected`);
  // Only where the tag stands; equal bytes are no exception.
  if (!matches(rules.immutable, reference) || (await digestUnder(plane, repository, reference)) === undefined) return undefined;
  return refused("IMMUTABLE_TAG", `tag "${reference}" is immutable`);
}

/** 401 without a challenge for a protected tag in the source's own tests; for an immutable one it is not verified. The codes are not either. */
function refused(code: string, detail: string): RegistryResponse {
  return jsonResponse(401, { errors: [{ code, message: "a rule of the project forbids this", detail }] });
}

function matches(patterns: readonly string[], tag: string): boolean {
  return patterns.some((pattern) => new RegExp(pattern, "u").test(tag));
}

function rulesIn(
  token: IssuedToken | undefined,
  repository: string,
): { readonly immutable: readonly string[]; readonly protected: readonly string[] } {
  const meta = token?.access.find(({ name }) => name === repository)?.meta ?? {};
  const denied: unknown = meta["tag_deny_access_patterns"];
  const push: unknown = typeof denied === "object" && denied !== null && "push" in denied ? denied.push : [];
  return { immutable: texts(meta["tag_immutable_patterns"]), protected: texts(push) };
}

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}
