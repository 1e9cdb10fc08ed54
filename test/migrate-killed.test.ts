import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type CountingProxy, type ProxiedRequest, startCountingProxy } from "./servers/counting-proxy.ts";
import { type CorpusEntry, readCorpus } from "./charts/read-corpus.ts";
import { readRegistry, sha256 } from "./runs/read-registry.ts";
import { countStatuses, type ReadVersion } from "./runs/read-report.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { expectedReferences, writeSampleRepository } from "./charts/sample-repository.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { takeSample } from "./charts/take-sample.ts";
import { type RunningChartferry, startChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

/** When the program dies: at the `count`th request of this kind, before the registry has seen it. */
interface Moment {
  readonly title: string;
  readonly isIt: (request: ProxiedRequest) => boolean;
  readonly count: number;
}

const moments: readonly Moment[] = [
  { title: "before a manifest, with its blobs there", isIt: isManifest, count: 40 },
  { title: "within the uploads of blobs", isIt: ({ method, path }) => method === "POST" && path.includes("/uploads/"), count: 150 },
];

for (const kind of registryKinds.filter(({ title }) => title !== "zot")) {
  describeWith(["corpus", ...kind.needs], `a migration into ${kind.title} that is killed`, () => {
    const folder = makeTempDir("killed-source");
    let sample: readonly CorpusEntry[];
    let source: StaticServer;
    let registry: RunningRegistry;

    beforeAll(async () => {
      sample = takeSample(readCorpus("stakater").sound, 150);
      writeSampleRepository(folder, sample);
      [source, registry] = await Promise.all([startStaticServer(folder), kind.start()]);
    });
    afterAll(async () => {
      await source.stop();
      await registry.stop();
      removeTempDir(folder);
    });

    it.each(moments.map((moment) => [moment.title, moment] as const))("%s, ends as an undisturbed one", async (_title, moment) => {
      const home = makeTempDir("killed");
      const namespace = `killed-${moments.indexOf(moment)}`;
      const { proxy, killed } = await killAt(moment, { registry: registry.host, source: source.url, namespace, home });
      try {
        expect(await killed.stop()).toBe(-1);
        const before = await references(registry.host, namespace, sample);
        expect(before.length).toBeLessThan(sample.length);
        expect(countJournalLines(killed.output())).toBeLessThanOrEqual(before.length);

        source.requests.splice(0);
        const { code, report } = await migrateToJson([source.url, `oci://${proxy.host}/${namespace}`], { home });
        expect(code).toBe(0);
        expect(report.versions.length).toBe(sample.length);
        const { pushed = 0, skipped = 0 } = countStatuses(report);
        expect({ pushed, skipped }).toEqual({ pushed: sample.length - before.length, skipped: before.length });
        expect(source.requests.filter(({ path }) => path.endsWith(".tgz")).length).toBe(pushed);
        expect(await references(registry.host, namespace, sample)).toEqual(expectedReferences(namespace, sample));
        await expectWholeCharts(registry.host, report.versions);
      } finally {
        await proxy.stop();
        removeTempDir(home);
      }
    });
  });
}

interface Run {
  readonly registry: string;
  readonly source: string;
  readonly namespace: string;
  readonly home: string;
}

/** Starts a run and resolves once it has been killed. */
async function killAt(moment: Moment, run: Run): Promise<{ proxy: CountingProxy; killed: RunningChartferry }> {
  let running: Promise<RunningChartferry> | undefined;
  let seen = 0;
  return new Promise((settle, fail) => {
    const starting = startCountingProxy(run.registry, {
      async before(request) {
        if (!moment.isIt(request) || ++seen !== moment.count || running === undefined) return;
        const killed = await running;
        await killed.stop("SIGKILL");
        settle({ proxy: await starting, killed });
      },
    });
    starting
      .then(({ host }) => {
        const args = ["migrate", run.source, `oci://${host}/${run.namespace}`];
        running = startChartferry(args, { home: run.home, readyPattern: /^journal: .+$/mu });
        return running;
      })
      .catch(fail);
  });
}

function isManifest({ method, path }: ProxiedRequest): boolean {
  return method === "PUT" && path.includes("/manifests/");
}

async function references(registry: string, namespace: string, sample: readonly CorpusEntry[]): Promise<string[]> {
  const reader = readRegistry(`http://${registry}`);
  const charts = [...new Set(sample.map(({ chart }) => chart))];
  const found = await sideBySide(charts, 4, async (chart) => {
    const repository = `${namespace}/${chart}`;
    return sideBySide(
      await reader.tags(repository),
      2,
      async (tag) => `${repository}:${tag} ${(await reader.manifest(repository, tag)).digest}`,
    );
  });
  return found.flat().toSorted();
}

async function expectWholeCharts(registry: string, records: readonly ReadVersion[]): Promise<void> {
  const reader = readRegistry(`http://${registry}`);
  await sideBySide(records, 4, async ({ repository = "", tag = "" }) => {
    const { text, layers } = await reader.manifest(repository, tag);
    const { config }: { config: { digest: string } } = JSON.parse(text);
    for (const { digest } of [config, ...layers]) expect(sha256(await reader.blob(repository, digest))).toBe(digest);
  });
}

/** Whole lines of the journal that the killed run left; it named its place when it began. */
function countJournalLines(output: string): number {
  const path = /^journal: (.+)$/mu.exec(output)?.[1] ?? "";
  return readFileSync(path, "utf8").split("\n").length - 1;
}
