import { createHash } from "node:crypto";
import { join } from "node:path";

import { openLayoutTree, scrubLayout } from "@chartferry/core/layout";
import { startRegistry } from "@chartferry/registry";
import { afterEach, beforeEach, expect, it } from "vitest";

import { describeWith } from "./support/real-tools.ts";
import { startOlareg } from "./servers/start-olareg.ts";
import { startZot } from "./servers/start-zot.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const imageType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const repositories = ["web", "web/sub", "charts/api"];

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

const servers: Readonly<Record<"zot" | "olareg" | "ours", (directory: string) => Promise<Server>>> = {
  zot: (directory) => startZot({ directory }),
  olareg: (directory) => startOlareg({ directory }),
  async ours(directory) {
    const registry = await startRegistry({ directory });
    return { url: registry.url, stop: () => registry.close() };
  },
};

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function must(response: Response, status: number): Promise<Response> {
  if (response.status !== status) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

async function pushBlob(base: string, text: string): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(text);
  const begun = await must(await fetch(`${base}/blobs/uploads/`, { method: "POST" }), 202);
  const location = new URL(begun.headers.get("location") ?? "", base);
  location.searchParams.set("digest", sha256(bytes));
  await must(await fetch(location, { method: "PUT", body: bytes, headers: { "content-type": "application/octet-stream" } }), 201);
  return { digest: sha256(bytes), size: bytes.byteLength };
}

async function pushManifest(
  base: string,
  tag: string | undefined,
  value: object,
): Promise<{ mediaType: string; digest: string; size: number }> {
  const type = "manifests" in value ? indexType : imageType;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, ...value }));
  const url = `${base}/manifests/${tag ?? sha256(bytes)}`;
  await must(await fetch(url, { method: "PUT", body: bytes, headers: { "content-type": type } }), 201);
  return { mediaType: type, digest: sha256(bytes), size: bytes.byteLength };
}

/** One of each: a tag, two tags on one manifest, a manifest without a tag, a referrer, an index of children, a deleted tag. */
async function fill(url: string, repository: string): Promise<{ digests: string[]; blobs: string[]; subject: string; referrer: string }> {
  const base = `${url}/v2/${repository}`;
  const config = { mediaType: "application/vnd.cncf.helm.config.v1+json", ...(await pushBlob(base, `{"name":"${repository}"}`)) };
  const layer = { mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", ...(await pushBlob(base, `layer of ${repository}`)) };
  const image = { config, layers: [layer] };
  const first = await pushManifest(base, "1.0.0", image);
  await pushManifest(base, "latest", image);
  await pushManifest(base, "gone", { ...image, annotations: { gone: "yes" } });
  const untagged = await pushManifest(base, undefined, { ...image, annotations: { untagged: "yes" } });
  const referrer = await pushManifest(base, undefined, { ...image, artifactType: "application/x.signature", subject: first });
  const index = await pushManifest(base, "multi", { manifests: [untagged] });
  await must(await fetch(`${base}/manifests/gone`, { method: "DELETE" }), 202);
  const digests = [first, untagged, referrer, index].map(({ digest }) => digest);
  return { digests, blobs: [config.digest, layer.digest], subject: first.digest, referrer: referrer.digest };
}

async function digestOfBody(url: string): Promise<string> {
  const accept = `${imageType}, ${indexType}`;
  return sha256(new Uint8Array(await (await must(await fetch(url, { headers: { accept } }), 200)).arrayBuffer()));
}

async function expectFilled(url: string, repository: string, filled: Awaited<ReturnType<typeof fill>>): Promise<void> {
  const base = `${url}/v2/${repository}`;
  const { tags }: { tags: string[] } = JSON.parse(await (await must(await fetch(`${base}/tags/list`), 200)).text());
  expect(tags.filter((tag) => tag !== "extra").toSorted()).toEqual(["1.0.0", "latest", "multi"]);
  for (const tag of ["1.0.0", "latest"]) expect(await digestOfBody(`${base}/manifests/${tag}`)).toBe(filled.subject);
  for (const digest of filled.digests) expect(await digestOfBody(`${base}/manifests/${digest}`)).toBe(digest);
  for (const digest of filled.blobs) expect(await digestOfBody(`${base}/blobs/${digest}`)).toBe(digest);
  const { manifests }: { manifests: { digest: string }[] } = JSON.parse(
    await (await must(await fetch(`${base}/referrers/${filled.subject}`), 200)).text(),
  );
  expect(manifests.map(({ digest }) => digest)).toEqual([filled.referrer]);
}

let directory: string;
beforeEach(() => {
  directory = join(makeTempDir("interop"), "layouts");
});
afterEach(() => removeTempDir(join(directory, "..")));

async function writeWith(writer: keyof typeof servers): Promise<Map<string, Awaited<ReturnType<typeof fill>>>> {
  const server = await servers[writer](directory);
  const filled = new Map<string, Awaited<ReturnType<typeof fill>>>();
  for (const repository of repositories) filled.set(repository, await fill(server.url, repository));
  await server.stop();
  return filled;
}

async function readWith(reader: keyof typeof servers, filled: Awaited<ReturnType<typeof writeWith>>): Promise<void> {
  const server = await servers[reader](directory);
  try {
    for (const [repository, one] of filled) await expectFilled(server.url, repository, one);
  } finally {
    await server.stop();
  }
}

for (const other of ["zot", "olareg"] as const) {
  describeWith([other], `one directory under ${other} and under the embedded registry`, () => {
    it(`opens under ${other} as we wrote it: tags, manifests and blobs by digest, referrers`, async () => {
      await readWith(other, await writeWith("ours"));
    });

    it(`opens under ours as ${other} wrote it, and is whole`, async () => {
      const filled = await writeWith(other);
      await readWith("ours", filled);
      const tree = await openLayoutTree(directory, { readOnly: true });
      const names: string[] = [];
      for await (const name of tree.repositories()) names.push(name);
      expect(names).toEqual(repositories.toSorted());
      expect((await scrubLayout(directory)).damage).toEqual([]);
    });

    it(`goes from us to ${other} and back with what both pushed`, async () => {
      const filled = await writeWith("ours");
      const theirs = await servers[other](directory);
      filled.set("theirs", await fill(theirs.url, "theirs"));
      const extra = await pushManifest(`${theirs.url}/v2/web`, "extra", { manifests: [], annotations: { by: other } });
      await theirs.stop();
      const ours = await servers.ours(directory);
      try {
        for (const [repository, one] of filled) await expectFilled(ours.url, repository, one);
        expect(await digestOfBody(`${ours.url}/v2/web/manifests/extra`)).toBe(extra.digest);
      } finally {
        await ours.stop();
      }
    });
  });
}
