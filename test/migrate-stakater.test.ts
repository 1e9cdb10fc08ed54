import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";

import { countRequests } from "./runs/count-requests.ts";
import { type CountingProxy, startCountingProxy } from "./servers/counting-proxy.ts";
import { type CorpusEntry, type CorpusRepository, readCorpus } from "./charts/read-corpus.ts";
import { CHART_LAYER, readRegistry, sha256 } from "./runs/read-registry.ts";
import { type RefusingProxy, startRefusingProxy } from "./servers/refusing-proxy.ts";
import { countStatuses } from "./runs/read-report.ts";
import { type PrintedMigration, migrateToJson } from "./runs/run-migrate.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { type RegistryKind, registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { describeWith } from "./support/real-tools.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const FORMER_HOME = "https://stakater.github.io/stakater-charts";
/** What a run spends on finding out what the registry is. */
const ONCE = { "GET ping": 1 };
/** Uploads under way before the first of them has shown whether one POST is enough; two blobs a version, 16 versions at once. */
const BEFORE_LEARNED = 32;

for (const kind of registryKinds) {
  describeWith(["corpus", ...kind.needs], `the stakater repository migrated into ${kind.title}`, () => stakaterInto(kind));
}

function stakaterInto(kind: RegistryKind): void {
  let corpus: CorpusRepository;
  let source: StaticServer;
  let registry: RunningRegistry;
  let proxy: CountingProxy;
  let outside: RefusingProxy;
  let home: string;
  let first: PrintedMigration;

  beforeAll(async () => {
    corpus = readCorpus("stakater");
    home = makeTempDir("migrate-stakater");
    [source, registry, outside] = await Promise.all([startStaticServer(corpus.folder), kind.start(), startRefusingProxy()]);
    proxy = await startCountingProxy(registry.host);
  });
  afterAll(async () => {
    await Promise.all([source, proxy, outside].map((server) => server?.stop()));
    await registry?.stop();
    removeTempDir(home);
  });

  const migrateAgain = (...more: string[]): Promise<PrintedMigration> => {
    source.requests.splice(0);
    outside.refused.splice(0);
    proxy.take();
    const args = [source.url, `oci://${proxy.host}/charts`, "--url-rewrite", `${FORMER_HOME}=${source.url}`, ...more];
    return migrateToJson(args, { home, env: outside.env });
  };
  const unsound = (state: CorpusEntry["state"]): string[] =>
    corpus.entries.filter((entry) => entry.state === state).map(({ chart, version }) => `${chart} ${version}`);

  it("has the entries that it is known to have", () => {
    expect([corpus.entries.length, corpus.sound.length, corpus.charts.length]).toEqual([2026, 2023, 107]);
    expect(unsound("missing")).toEqual(["tenant-operator 0.2.21", "tenant-operator v0.2.0"]);
    expect(unsound("mismatch")).toEqual(["tenant-operator 0.2.22"]);
    expect(corpus.sound.filter(({ url }) => url.startsWith("oci://")).map(({ version }) => version)).toEqual(["0.1.40"]);
    expect(corpus.sound.filter(({ manifest }) => manifest === "")).toEqual([]);
  });

  it("arrives but for three versions, which the report names, and ends with 1", async () => {
    first = await migrateAgain();
    expect(countStatuses(first.report)).toEqual({ pushed: 2023, failed: 3 });
    expect(failures(first, "source-missing").toSorted()).toEqual(unsound("missing").toSorted());
    expect(failures(first, "digest-mismatch")).toEqual(unsound("mismatch"));
    expect(first.report.versions.map(({ chart, version }) => `${chart} ${version}`)).toEqual(
      corpus.entries.map(({ chart, version }) => `${chart} ${version}`),
    );
    expect(first.report).toMatchObject({ schemaVersion: 1, run: { end: "complete" }, totals: { entries: 2026, excluded: 0, problems: 0 } });
    expect(first.code).toBe(1);
  }, 240_000);

  it("asks the outside once for the chart that an oci:// url names, is refused, and takes the file beside the index", () => {
    expect(outside.refused).toEqual(["ghcr.io:443"]);
    const arrived = first.report.versions.find(({ chart, version }) => chart === "konfigurator" && version === "0.1.40");
    expect(arrived?.status).toBe("pushed");
    expect(arrived?.notes.map(({ code }) => code)).toEqual(["found-beside-index"]);
    expect(source.requests.filter(({ path }) => path === "/konfigurator-0.1.40.tgz").length).toBe(1);
  });

  it("downloads each chart once", () => {
    const charts = source.requests.filter(({ path, status }) => path.endsWith(".tgz") && status === 200).map(({ path }) => path);
    expect(charts.length).toBe(2024);
    expect(new Set(charts).size).toBe(2024);
    expect(source.requests.filter(({ path }) => path === "/index.yaml").length).toBe(1);
    expect(first.report.totals.downloads).toMatchObject({ charts: 2023, reopened: 0 });
  });

  it(`costs ${kind.singlePost ? 3 : 5} requests a version and one listing a chart`, () => {
    const {
      "GET tags": listings,
      "POST upload": posts,
      "PUT upload": puts = 0,
      "PUT manifest": manifests,
      ...rest
    } = countRequests(proxy.requests);
    expect({ listings, posts, manifests }).toEqual({ listings: 107, posts: 2 * 2023, manifests: 2023 });
    if (kind.singlePost) expect(puts).toBeLessThanOrEqual(BEFORE_LEARNED);
    else expect(puts).toBe(2 * 2023);
    expect(rest).toEqual(ONCE);
    const refused = proxy.requests.filter(({ method, status }) => method !== "GET" && status >= 400);
    expect(refused).toEqual([]);
  });

  it("stands there as the real helm would have pushed it, byte by byte", async () => {
    const reader = readRegistry(`http://${registry.host}`);
    const listed = await sideBySide(corpus.charts, 8, async (chart) =>
      (await reader.tags(`charts/${chart}`)).map((tag) => `${chart} ${tag}`),
    );
    expect(listed.flat().toSorted()).toEqual(corpus.sound.map(({ chart, version }) => `${chart} ${version}`).toSorted());
    const differing = await sideBySide(corpus.sound, 8, async ({ chart, version, file, layer, manifest }) => {
      const stored = await reader.manifest(`charts/${chart}`, version);
      const [only, ...others] = stored.layers;
      const bytes = await reader.blob(`charts/${chart}`, only?.digest ?? "");
      const isSame = others.length === 0 && only?.mediaType === CHART_LAYER && sha256(bytes) === layer && bytes.equals(readFileSync(file));
      return stored.digest === manifest && isSame ? [] : [`${chart} ${version}: ${stored.digest} instead of ${manifest}`];
    });
    expect(differing.flat()).toEqual([]);
  }, 240_000);

  it("reports the digests that stand there", () => {
    const reported = first.report.versions.filter(({ status }) => status === "pushed");
    expect(reported.map(({ layerDigest, manifestDigest }) => `${layerDigest} ${manifestDigest}`)).toEqual(
      corpus.sound.map(({ layer, manifest }) => `${layer} ${manifest}`),
    );
  });

  const expectNothingPushed = (again: PrintedMigration): void => {
    expect(countStatuses(again.report)).toEqual({ skipped: 2023, failed: 3 });
    expect(again.code).toBe(1);
    // What failed before is looked for again; what arrived is not.
    const charts = source.requests.filter(({ path }) => path.endsWith(".tgz")).map(({ path }) => path);
    expect(new Set(charts)).toEqual(new Set(["0.2.21", "0.2.22", "v0.2.0"].map((version) => `/tenant-operator-${version}.tgz`)));
    expect(source.requests.filter(({ path }) => path.endsWith(".prov"))).toEqual([]);
    expect(again.report.totals.downloads.charts).toBe(0);
    expect(outside.refused).toEqual([]);
  };

  it("is asked for by one listing a chart and one HEAD a version in a second run", async () => {
    expectNothingPushed(await migrateAgain());
    const { "GET tags": listings, "HEAD manifest": heads, ...rest } = countRequests(proxy.requests);
    expect({ listings, heads }).toEqual({ listings: 107, heads: 2023 });
    expect(rest).toEqual(ONCE);
  }, 120_000);

  it("is asked for by one manifest GET a version where there is no journal", async () => {
    expectNothingPushed(await migrateAgain("--journal", `${home}/another.journal`));
    const { "GET tags": listings, "GET manifest": gets, ...rest } = countRequests(proxy.requests);
    expect({ listings, gets }).toEqual({ listings: 107, gets: 2023 });
    expect(rest).toEqual(ONCE);
  }, 120_000);

  it("is asked for by nothing but the listings under --existing trust", async () => {
    expectNothingPushed(await migrateAgain("--existing", "trust"));
    const { "GET tags": listings, ...rest } = countRequests(proxy.requests);
    expect(listings).toBe(107);
    expect(rest).toEqual(ONCE);
  }, 120_000);
}

function failures({ report }: PrintedMigration, reason: string): string[] {
  return report.versions.filter((record) => record.reason === reason).map(({ chart, version }) => `${chart} ${version}`);
}
