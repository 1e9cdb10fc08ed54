import { setups } from "@chartferry/conformance/emulators";
import { adapters } from "@chartferry/adapters";
import { expect, it, onTestFinished } from "vitest";

import { readCorpus } from "./charts/read-corpus.ts";
import { startClouds } from "./hosted/start-clouds.ts";
import { type MigrateRun, reportOf, runMigrate } from "./runs/run-migrate.ts";
import { registryKinds } from "./servers/registry-kinds.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { describeWith } from "./support/real-tools.ts";

const names = Object.keys(setups);
const corpora = [
  { name: "azure-samples", formerHome: "https://azure-samples.github.io/helm-charts", selection: [], least: 16 },
  // The newest of 107 charts: about 200 versions.
  { name: "stakater", formerHome: "https://stakater.github.io/stakater-charts", selection: ["--latest", "2"], least: 180 },
] as const;

/** Adapters that a run had to do with, each once. */
function adaptersOf(run: MigrateRun): string[] {
  return reportOf(run)
    .run.targets.map(({ adapter }) => adapter)
    .toSorted();
}

describeWith(["corpus", "zot", "distribution"], "a real repository migrated to every kind of registry at once", () => {
  it.each(corpora)(
    "$name stands everywhere under the digests that the real helm gives, and is left alone by the next run",
    async ({ name, formerHome, selection, least }) => {
      const corpus = readCorpus(name);
      const source = await startStaticServer(corpus.folder);
      const clouds = await startClouds(names);
      const local = await Promise.all(registryKinds.map((kind) => kind.start()));
      onTestFinished(async () => void (await Promise.all([source, ...local].map((server) => server.stop()))));
      const targets = [
        ...clouds.all.map(({ target }) => target),
        ...local.map(({ host }) => `oci://${host}/charts`),
        `oci-layout:${clouds.home}/layouts`,
      ];
      const words = [source.url, ...targets, "--url-rewrite", `${formerHome}=${source.url}`, ...selection];
      const options = { home: clouds.home, env: clouds.env, limitMs: 280_000 };
      const cold = await runMigrate([...words, "--create-repositories", "if-missing"], options);
      expect(adaptersOf(cold)).toEqual(adapters.map(({ id }) => id).toSorted());
      const known = new Map(corpus.entries.map(({ chart, version, manifest }) => [`${chart} ${version}`, manifest]));
      const { versions, totals } = reportOf(cold);
      expect(totals.downloads.charts).toBeGreaterThanOrEqual(least);
      const arrived = versions.filter(({ status }) => status === "pushed");
      expect(arrived).toHaveLength(targets.length * totals.downloads.charts);
      expect(arrived.filter(({ chart, version, manifestDigest }) => known.get(`${chart} ${version}`) !== manifestDigest)).toEqual([]);
      const warm = await runMigrate(words, options);
      expect(reportOf(warm).totals.downloads.charts).toBe(0);
      expect(Object.values(reportOf(warm).totals.targets).map(({ pushed, skipped }) => [pushed, skipped])).toEqual(
        targets.map(() => [0, totals.downloads.charts]),
      );
      expect(clouds.world.refused).toEqual([]);
    },
    600_000,
  );
});
