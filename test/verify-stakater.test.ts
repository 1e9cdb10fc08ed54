import { afterAll, beforeAll, expect, it } from "vitest";

import { type CorpusRepository, readCorpus } from "./charts/read-corpus.ts";
import { type RefusingProxy, startRefusingProxy } from "./servers/refusing-proxy.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const FORMER_HOME = "https://stakater.github.io/stakater-charts";

describeWith(["corpus"], "a real repository of 2,026 versions", () => {
  let corpus: CorpusRepository;
  let source: StaticServer;
  let registry: RunningRegistry;
  let outside: RefusingProxy;
  let home: string;
  let ends: readonly string[];
  beforeAll(async () => {
    corpus = readCorpus("stakater");
    home = makeTempDir("verify-stakater");
    [source, registry, outside] = await Promise.all([startStaticServer(corpus.folder), startEmbedded(), startRefusingProxy()]);
    ends = [source.url, `oci://${registry.host}/charts`, "--url-rewrite", `${FORMER_HOME}=${source.url}`];
  });
  afterAll(async () => {
    await Promise.all([source, outside].map((server) => server?.stop()));
    await registry?.stop();
    removeTempDir(home);
  });

  interface Found {
    readonly totals: { readonly targets: Readonly<Record<string, unknown>>; readonly warnings?: Readonly<Record<string, number>> };
    readonly versions: readonly { readonly chart: string; readonly version: string; readonly state: string; readonly reason: string }[];
  }

  it("is planned, migrated and verified: three versions cannot come, everything else is as in the source", async () => {
    const planned = await runChartferry(["plan", ...ends, "--output", "json"], { home, env: outside.env });
    const plan: Found = JSON.parse(planned.stdout);
    expect(Object.values(plan.totals.targets)).toMatchObject([{ push: 2026, skip: 0, fail: 0, refuse: 0, unknown: 0 }]);
    expect(plan.totals.warnings).toEqual({ "leading-v": 393, "dependency-at-former-home": 54, "host-gone": 1 });
    expect(source.requests.map(({ path }) => path)).toEqual(["/index.yaml"]);
    expect((await migrateToJson([...ends], { home, env: outside.env })).code).toBe(1);

    source.requests.splice(0);
    const verified = await runChartferry(["verify", ...ends, "--output", "json"], { home, env: outside.env });
    const audit: Found = JSON.parse(verified.stdout);
    const odd = audit.versions
      .filter(({ state }) => state !== "same")
      .map(({ chart, version, state, reason }) => `${chart} ${version}: ${state} ${reason}`);
    expect(odd.toSorted()).toEqual([
      "tenant-operator 0.2.21: missing tag-missing",
      "tenant-operator 0.2.22: missing tag-missing",
      "tenant-operator v0.2.0: missing tag-missing",
    ]);
    expect(Object.values(audit.totals.targets)).toEqual([
      { same: 2023, missing: 3, drifted: 0, broken: 0, extra: 0, unverifiable: 0, unchecked: 0 },
    ]);
    expect(verified.code).toBe(3);
    expect(source.requests.filter(({ path }) => path.endsWith(".tgz"))).toEqual([]);
  }, 600_000);
});
