import { digestOf } from "../charts/make-chart.ts";

/** Pushes a container image (two blobs and a manifest) by plain requests; returns the manifest's digest. */
export async function pushImage(registry: string, repository: string, tag: string): Promise<string> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  const layer = Buffer.from("no real layer, and no client looks");
  for (const blob of [config, layer]) await pushBlob(registry, repository, blob);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: descriptorOf(config, "application/vnd.oci.image.config.v1+json"),
    layers: [descriptorOf(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
  });
  const url = `${registry}/v2/${repository}/manifests/${tag}`;
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": mediaType }, body: manifest });
  if (answer.status !== 201) throw new Error(`the image was not taken: ${answer.status} ${await answer.text()}`);
  return digestOf(Buffer.from(manifest));
}

function descriptorOf(blob: Buffer, mediaType: string): object {
  return { mediaType, digest: digestOf(blob), size: blob.byteLength };
}

async function pushBlob(registry: string, repository: string, blob: Buffer): Promise<void> {
  const begun = await fetch(`${registry}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const place = new URL(begun.headers.get("location") ?? "", registry);
  place.searchParams.set("digest", digestOf(blob));
  const headers = { "content-type": "application/octet-stream" };
  const ended = await fetch(place, { method: "PUT", headers, body: new Uint8Array(blob) });
  if (ended.status !== 201) throw new Error(`a blob of the image was not taken: ${ended.status} ${await ended.text()}`);
}

/** Digest of what a tag names, by its header; undefined when there is no such tag. */
export async function digestOfTag(registry: string, repository: string, tag: string): Promise<string | undefined> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${registry}/v2/${repository}/manifests/${tag}`, { method: "HEAD", headers: { accept } });
  return answer.status === 200 ? (answer.headers.get("docker-content-digest") ?? undefined) : undefined;
}

/** Every tag of a repository, sorted; empty when there is none. */
export async function tagsOf(registry: string, repository: string): Promise<string[]> {
  const answer = await fetch(`${registry}/v2/${repository}/tags/list`);
  if (answer.status === 404) return [];
  const { tags }: { tags: string[] | null } = JSON.parse(await answer.text());
  return (tags ?? []).toSorted();
}
