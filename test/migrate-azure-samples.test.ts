import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { countRequests } from "./runs/count-requests.ts";
import { type CountingProxy, startCountingProxy } from "./servers/counting-proxy.ts";
import { type CorpusRepository, readCorpus } from "./charts/read-corpus.ts";
import { CHART_LAYER, type ReadManifest, readRegistry, sha256 } from "./runs/read-registry.ts";
import { type RefusingProxy, startRefusingProxy } from "./servers/refusing-proxy.ts";
import { countStatuses } from "./runs/read-report.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const FORMER_HOME = "https://azure-samples.github.io/helm-charts";

describeWith(["corpus"], "the azure-samples repository migrated into a registry and image layouts at once", () => {
  let corpus: CorpusRepository;
  let source: StaticServer;
  let registry: RunningRegistry;
  let proxy: CountingProxy;
  let outside: RefusingProxy;
  let layouts: string;
  const home = makeTempDir("migrate-azure");

  beforeAll(async () => {
    corpus = readCorpus("azure-samples");
    layouts = join(home, "layouts");
    [source, registry, outside] = await Promise.all([startStaticServer(corpus.folder), startEmbedded(), startRefusingProxy()]);
    proxy = await startCountingProxy(registry.host);
  });
  afterAll(async () => {
    await Promise.all([source, proxy, outside].map((server) => server.stop()));
    await registry.stop();
    removeTempDir(home);
  });

  const bothTargets = (): string[] => [source.url, `oci://${proxy.host}/charts`, `oci-layout:${layouts}`];
  const rewrite = (): string[] => ["--url-rewrite", `${FORMER_HOME}=${source.url}`];
  const forget = (): void => {
    source.requests.splice(0);
    proxy.take();
    outside.refused.splice(0);
  };
  const downloads = (): string[] => source.requests.filter(({ path }) => path.endsWith(".tgz")).map(({ path }) => path);

  it("arrives whole at both for one download a chart", async () => {
    const { code, report } = await migrateToJson([...bothTargets(), ...rewrite()], { home, env: outside.env });
    expect(countStatuses(report)).toEqual({ pushed: 32 });
    expect(code).toBe(0);
    expect(downloads().toSorted()).toEqual(corpus.entries.map(({ file }) => `/${file.split("/").at(-1)}`).toSorted());
    expect(report.totals.downloads).toMatchObject({ charts: 16, reopened: 0 });
    expect(outside.refused).toEqual([]);
  });

  it("stands in the registry and in the layouts as the real helm would have pushed it", async () => {
    const reader = readRegistry(`http://${registry.host}`);
    for (const { chart, version, file, layer, manifest } of corpus.entries) {
      const stored = await reader.manifest(`charts/${chart}`, version);
      expect([stored.digest, stored.layers.map(({ mediaType }) => mediaType)], chart).toEqual([manifest, [CHART_LAYER]]);
      expect(sha256(await reader.blob(`charts/${chart}`, layer))).toBe(layer);
      const laidOut = readLayout(join(layouts, chart), version);
      expect(laidOut.digest, chart).toBe(manifest);
      expect(readFileSync(blobFile(join(layouts, chart), layer)).equals(readFileSync(file))).toBe(true);
    }
  });

  it("is left alone by a second run, which reads the index and no chart and says so", async () => {
    forget();
    const { code, stdout } = await runChartferry(["migrate", ...bothTargets(), ...rewrite()], { home, env: outside.env });
    expect(code).toBe(0);
    expect(stdout.match(/0 pushed, 16 already there/gu)?.length).toBe(2);
    expect(stdout).toContain("0 charts read from the source");
    expect(source.requests.map(({ path }) => path)).toEqual(["/index.yaml"]);
    expect(countRequests(proxy.requests)).toEqual({ "GET ping": 1, "GET tags": 14, "HEAD manifest": 16 });
  });

  it("is pushed again to layouts that were wiped, whatever the journal says", async () => {
    forget();
    rmSync(layouts, { recursive: true });
    const { code, report } = await migrateToJson([...bothTargets(), ...rewrite()], { home, env: outside.env });
    expect(countStatuses(report)).toEqual({ pushed: 16, skipped: 16 });
    expect(code).toBe(0);
    for (const { chart, version, manifest } of corpus.entries) expect(readLayout(join(layouts, chart), version).digest).toBe(manifest);
    expect(downloads().length).toBe(16);
    expect(countRequests(proxy.requests)).toEqual({ "GET ping": 1, "GET tags": 14, "HEAD manifest": 16 });
  });

  it("arrives without a rewrite too: a former home that cannot be reached is found out once", async () => {
    forget();
    const { code, report } = await migrateToJson([source.url, `oci://${proxy.host}/again`], { home, env: outside.env });
    expect(countStatuses(report)).toEqual({ pushed: 16 });
    expect(code).toBe(0);
    expect(downloads().length).toBe(16);
    expect(outside.refused).toEqual(["azure-samples.github.io:443"]);
  });
});

/** The manifest that `tag` names in an image layout, read by nothing but the layout's specification. */
function readLayout(folder: string, tag: string): Pick<ReadManifest, "digest"> {
  expect(JSON.parse(readFileSync(join(folder, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  const index: { manifests: { digest: string; size: number; annotations?: Record<string, string> }[] } = JSON.parse(
    readFileSync(join(folder, "index.json"), "utf8"),
  );
  const named = index.manifests.filter(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === tag);
  const [only] = named;
  if (only === undefined || named.length > 1) throw new Error(`${folder} names ${tag} ${named.length} times`);
  expect(statSync(blobFile(folder, only.digest)).size).toBe(only.size);
  return { digest: sha256(readFileSync(blobFile(folder, only.digest))) };
}

function blobFile(folder: string, digest: string): string {
  return join(folder, "blobs", ...digest.split(":"));
}
