import type { RegistryRequest } from "@chartferry/registry";

/** The fields of a form that was posted. */
export async function readForm({ body }: RegistryRequest): Promise<URLSearchParams> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"));
}
