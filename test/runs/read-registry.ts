import { createHash } from "node:crypto";

/** Reads a registry by nothing but HTTP, so that what is written is checked by other means than it was written. */
export interface RegistryReader {
  /** All tags, sorted; none for a repository that is not there. */
  readonly tags: (repository: string) => Promise<string[]>;
  readonly manifest: (repository: string, reference: string) => Promise<ReadManifest>;
  readonly blob: (repository: string, digest: string) => Promise<Buffer>;
}

export interface ReadManifest {
  /** Of the bytes that came, not what a header says. */
  readonly digest: string;
  readonly text: string;
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
  readonly annotations: Readonly<Record<string, string>>;
}

export const CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** `registry` is `http://127.0.0.1:PORT`. */
export function readRegistry(registry: string): RegistryReader {
  const get = async (path: string): Promise<Response> => {
    const answer = await fetch(new URL(path, registry), { headers: { accept: path.includes("/manifests/") ? MANIFEST : "*/*" } });
    if (answer.ok || (answer.status === 404 && path.includes("/tags/"))) return answer;
    throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  };
  return {
    async tags(repository) {
      const all: string[] = [];
      let path: string | undefined = `/v2/${repository}/tags/list`;
      while (path !== undefined) {
        const answer: Response = await get(path);
        const { tags = [] }: { tags?: string[] | null } = JSON.parse(await answer.text());
        all.push(...(tags ?? []));
        path = /^<([^>]+)>/u.exec(answer.headers.get("link") ?? "")?.[1];
      }
      return all.toSorted();
    },
    async manifest(repository, reference) {
      const text = await (await get(`/v2/${repository}/manifests/${reference}`)).text();
      const { layers = [], annotations = {} }: Partial<ReadManifest> = JSON.parse(text);
      return { digest: sha256(text), text, layers, annotations };
    },
    async blob(repository, digest) {
      return Buffer.from(await (await get(`/v2/${repository}/blobs/${digest}`)).arrayBuffer());
    },
  };
}

export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
