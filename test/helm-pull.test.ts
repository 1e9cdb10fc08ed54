import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type CorpusEntry, readCorpus } from "./charts/read-corpus.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { writeSampleRepository } from "./charts/sample-repository.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { takeSample } from "./charts/take-sample.ts";
import { type Helm, type HelmName, makeHelm } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const HELMS: readonly HelmName[] = ["helm3", "helm4.2", "helm4"];

describeWith(["corpus", ...HELMS], "real charts that were migrated into the embedded registry", () => {
  const scratch = makeTempDir("helm-pull");
  let registry: RunningRegistry;
  let sample: readonly CorpusEntry[];

  beforeAll(async () => {
    sample = takeSample(readCorpus("stakater").sound, 50);
    writeSampleRepository(join(scratch, "source"), sample);
    registry = await startEmbedded();
    const { code, stderr } = await migrateToJson([join(scratch, "source"), `oci://${registry.host}/charts`], { home: scratch });
    expect(code, stderr).toBe(0);
  });
  afterAll(async () => {
    await registry.stop();
    removeTempDir(scratch);
  });

  const reference = ({ chart, version }: CorpusEntry): string[] => [`oci://${registry.host}/charts/${chart}`, "--version", version];

  it("are a sample with versions that begin with a v", () => {
    expect(sample.filter(({ version }) => version.startsWith("v")).length).toBeGreaterThanOrEqual(3);
  });

  // helm4.2 has no need of fifty more of the same.
  it.each(["helm3", "helm4"] as const)("come back byte by byte from %s pull --version", async (name) => {
    const helm = makeHelm(name);
    const differing = await sideBySide(sample, 2, async (entry) => {
      await helm.output(["pull", ...reference(entry), "--plain-http", "--destination", helm.home]);
      const pulled = readFileSync(join(helm.home, basename(entry.file)));
      return pulled.equals(readFileSync(entry.file)) ? [] : [basename(entry.file)];
    });
    expect(differing.flat()).toEqual([]);
    helm.remove();
  });

  it.each(HELMS)("are shown by %s as the local files are", async (name) => {
    const helm = makeHelm(name);
    const shown = takeSample(sample, 12, 2).flatMap((entry) =>
      ["chart", "values", "readme"].map((part) => ({ entry, command: ["show", part] })),
    );
    const results = await sideBySide(shown, 2, async ({ entry, command }) => compare(helm, { entry, before: command }));
    expect(results.filter(({ local, remote }) => local !== remote)).toEqual([]);
    expect(results.filter(({ local }) => local.startsWith("exit 0\n") && local.includes("name: ")).length).toBeGreaterThan(12);
    helm.remove();
  });

  it.each(HELMS)("are rendered by %s template as the local files are, or fail alike", async (name) => {
    const helm = makeHelm(name);
    const rendered = takeSample(sample, 12, 3);
    const results = await sideBySide(rendered, 2, async (entry) => compare(helm, { entry, before: ["template", "release"] }));
    const repeatable = results.filter(({ local, localAgain }) => local === localAgain);
    expect(repeatable.filter(({ local, remote }) => local !== remote)).toEqual([]);
    expect(repeatable.filter(({ local }) => local.startsWith("exit 0\n")).length).toBeGreaterThanOrEqual(6);
    helm.remove();
  });

  interface Comparison {
    readonly local: string;
    /** Some charts make random passwords while they render. */
    readonly localAgain: string;
    readonly remote: string;
  }

  const compare = async (helm: Helm, { entry, before }: { entry: CorpusEntry; before: string[] }): Promise<Comparison> => {
    const local = await outcome(helm, [...before, entry.file]);
    const localAgain = before[0] === "template" ? await outcome(helm, [...before, entry.file]) : local;
    return { local, localAgain, remote: await outcome(helm, [...before, ...reference(entry), "--plain-http"]) };
  };
});

/** Exit code and what was printed, but for where the chart came from: 4.2 says that on stdout, the others on stderr. */
async function outcome(helm: Helm, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await helm.run(args);
  return `exit ${code}\n${stdout}\n${stderr}`.replaceAll(/^(?:Pulled|Digest): .*\n/gmu, "");
}
