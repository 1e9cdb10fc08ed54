import { jsonResponse, type RegistryResponse } from "@chartferry/registry";

/** Harbor's one shape of errors, of registry and API alike. Source: goharbor/harbor, src/lib/http/error.go. */
export function harborFailure(
  status: number,
  [code, message]: readonly [string, string],
  headers: Readonly<Record<string, string>> = {},
): RegistryResponse {
  const said = status >= 500 ? { code: "UNKNOWN", message: "internal server error" } : { code, message };
  return jsonResponse(status, { errors: [said] }, { "content-type": "application/json; charset=utf-8", ...headers });
}
