import type { RegistryRequest } from "@chartferry/registry";

import { noBody } from "./answers.ts";

/** A POST opens a session and nothing else, as Distribution's does: a whole blob in it is passed over, and so is a mount where the registry has none. */
export function postOpens(request: RegistryRequest, { mounts }: { readonly mounts: boolean }): RegistryRequest {
  if (request.method !== "POST") return request;
  const query = new URLSearchParams(request.query);
  query.delete("digest");
  if (!mounts) for (const name of ["mount", "from"]) query.delete(name);
  return { ...request, query, body: noBody() };
}
