import type { RegistryRequest } from "@chartferry/registry";

/** The members of a JSON body; none where it is no object. */
export async function readJson({ body }: Pick<RegistryRequest, "body">): Promise<Readonly<Record<string, unknown>>> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  const read: unknown = JSON.parse(Buffer.concat(parts).toString("utf8") || "{}");
  return { ...(typeof read === "object" ? read : {}) };
}
