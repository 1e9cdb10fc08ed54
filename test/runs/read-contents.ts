import { readRegistry, sha256 } from "./read-registry.ts";

/**
 * Everything that a namespace (empty = the root) holds, byte by byte: one line for each tag with the digest of its manifest and of every blob that it
 * names, all computed from what the registry hands out. Charts that are not there have no line.
 */
export async function readContents(registry: string, namespace: string, charts: readonly string[]): Promise<string[]> {
  const reader = readRegistry(`http://${registry}`);
  const lines: string[] = [];
  for (const chart of charts) {
    const repository = namespace === "" ? chart : `${namespace}/${chart}`;
    for (const tag of await reader.tags(repository)) {
      const { digest, text, layers } = await reader.manifest(repository, tag);
      const { config }: { config: { digest: string } } = JSON.parse(text);
      const blobs = await Promise.all([config, ...layers].map(async (blob) => sha256(await reader.blob(repository, blob.digest))));
      lines.push(`${chart}:${tag} ${digest} ${blobs.join(" ")}`);
    }
  }
  return lines.toSorted();
}
