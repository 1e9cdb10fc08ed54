import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

import { buildArchive } from "../packages/core/src/chart/testing/build-archive.ts";
import { oddCharts } from "../packages/core/src/chart/testing/odd-charts.ts";
import { readCorpus } from "./charts/read-corpus.ts";
import { readRegistry, type RegistryReader, sha256 } from "./runs/read-registry.ts";
import { refusedCharts } from "./charts/refused-charts.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { takeSample } from "./charts/take-sample.ts";
import { runChartferry } from "./support/chartferry.ts";
import { type Helm, makeHelm, setModificationTime } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import { type RunningDistribution, startDistribution } from "./servers/start-distribution.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const EXAMPLES = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
/** An odd second, so that a clock or a rounding cannot hit it by chance. */
const CREATED = "2021-07-05T03:02:01Z";

/** A chart archive with the modification time that it is pushed with, and where every pusher puts it below its own namespace. */
interface PushCase {
  readonly title: string;
  readonly file: string;
  readonly place: string;
}

describeWith(["distribution", "helm3", "helm4"], "a chart pushed live by helm 3, by helm 4 and by chartferry", () => {
  const scratch = makeTempDir("live-push");
  const helms: Helm[] = [];
  let registry: RunningDistribution;
  let reader: RegistryReader;

  beforeAll(async () => {
    registry = await startDistribution();
    reader = readRegistry(registry.url);
    helms.push(makeHelm("helm3"), makeHelm("helm4"));
  });
  afterAll(async () => {
    await registry.stop();
    for (const helm of helms) helm.remove();
    removeTempDir(scratch);
  });

  const pushByHelm = async (helm: Helm, { file, place }: PushCase): Promise<string> => {
    const { code, stderr } = await helm.run(["push", file, `oci://${registry.host}/${helm.name}/${place}`, "--plain-http"]);
    return code === 0 ? "" : stderr;
  };
  const pushOurs = async ({ file, place }: PushCase): Promise<{ code: number; stderr: string }> =>
    runChartferry(["push", file, `oci://${registry.host}/ours/${place}`, "--helm-compatible"], { home: scratch });

  /** Titles of the cases where a manifest differs, with both texts. */
  const compare = async (cases: readonly PushCase[]): Promise<string[]> => {
    const differing = await sideBySide(cases, 3, async (each) => {
      const complaints = await sideBySide(helms, 1, (helm) => pushByHelm(helm, each));
      const ours = await pushOurs(each);
      if (complaints.some(Boolean) || ours.code !== 0) return [`${each.title}: ${[...complaints, ours.stderr].join(" | ")}`];
      const repository = await pushedRepository(each.place);
      const [helm3, helm4, own] = await sideBySide(["helm3", "helm4", "ours"], 3, (pusher) => onlyManifest(`${pusher}/${repository}`));
      return helm3 === own && helm4 === own ? [] : [`${each.title}:\n  helm 3 ${helm3}\n  helm 4 ${helm4}\n  ours   ${own}`];
    });
    return differing.flat();
  };
  /** Helm's own sanitised name decides where a chart stands, so it is looked up and not computed. */
  const pushedRepository = async (place: string): Promise<string> => {
    const answer = await fetch(`${registry.url}/v2/_catalog?n=1000`);
    const { repositories }: { repositories: string[] } = JSON.parse(await answer.text());
    const [only, ...others] = repositories.filter((name) => name.startsWith(`helm4/${place}/`));
    if (only === undefined || others.length > 0) throw new Error(`helm 4 pushed ${place} to ${only} ${others.join(" ")}`);
    return only.slice("helm4/".length);
  };
  const onlyManifest = async (repository: string): Promise<string> => {
    const [tag = "none", ...others] = await reader.tags(repository);
    if (others.length > 0) throw new Error(`${repository} has more tags than ${tag}`);
    return `${repository.replace(/^[^/]+\//u, "")}:${tag} ${(await reader.manifest(repository, tag)).text}`;
  };

  it(`has the same manifest, whichever of our ${oddCharts.length} odd charts it is`, async () => {
    const cases = oddCharts.map(({ title, files }, index) => {
      const file = join(scratch, `odd-${index}.tgz`);
      writeFileSync(file, buildArchive(files.map(([name, content]) => ({ name: `odd/${name}`, content }))));
      setModificationTime(file, CREATED);
      return { title, file, place: `odd-${index}` };
    });
    expect(await compare(cases)).toEqual([]);
  }, 480_000);

  it("has the same manifest and provenance, whichever of our examples it is", async () => {
    mkdirSync(join(scratch, "examples"));
    for (const name of readdirSync(EXAMPLES)) copyFileSync(join(EXAMPLES, name), join(scratch, "examples", name));
    const files = readdirSync(EXAMPLES).filter((name) => name.endsWith(".tgz"));
    const cases = files.map((name, index) => {
      const file = join(scratch, "examples", name);
      setModificationTime(file, CREATED);
      return { title: name, file, place: `example-${index}` };
    });
    expect(cases.length).toBe(8);
    expect(cases.filter(({ file }) => existsSync(`${file}.prov`)).length).toBe(3);
    expect(await compare(cases)).toEqual([]);
  }, 120_000);

  const refusals = refusedCharts.map((refused) => [refused.title, refused] as const);
  it.each(refusals)("is pushed by us with a note, and refused by Helm, when it %s", async (_title, refused) => {
    const file = join(scratch, `${refused.name}.tgz`);
    const bytes = refused.archive();
    writeFileSync(file, bytes);
    setModificationTime(file, CREATED);
    const each = { title: refused.title, file, place: "refused" };
    for (const helm of helms) {
      const refusal = await pushByHelm(helm, each);
      expect(refusal, helm.name).toMatch(refused.refusedBy.includes(helm.name) ? refused.helmSays : /^$/u);
    }
    const ours = await pushOurs(each);
    expect(ours.stderr).toMatch(refused.weSay);
    expect(ours.code).toBe(0);
    const { layers } = await reader.manifest(`ours/refused/${refused.name}`, "1.0.0");
    expect(layers.map(({ digest }) => digest)).toEqual([sha256(bytes)]);
  });
});

describeWith(["corpus", "distribution", "helm3", "helm4"], "a real chart pushed live by helm 3, by helm 4 and by chartferry", () => {
  it("has the same manifest, in a sample of 50", async () => {
    const scratch = makeTempDir("live-push-corpus");
    const registry = await startDistribution();
    const helms = [makeHelm("helm3"), makeHelm("helm4")];
    try {
      const sample = takeSample([...readCorpus("azure-samples").sound, ...readCorpus("stakater").sound], 50);
      const files = sample.map((entry) => {
        const file = join(scratch, basename(entry.file));
        copyFileSync(entry.file, file);
        setModificationTime(file, wholeSeconds(entry.created));
        return file;
      });
      const pushes = helms.flatMap((helm) => files.map((file) => ({ helm, file })));
      await sideBySide(pushes, 3, ({ helm, file }) => helm.output(["push", file, `oci://${registry.host}/${helm.name}`, "--plain-http"]));
      const ours = await runChartferry(["push", ...files, `oci://${registry.host}/ours`, "--helm-compatible"], { home: scratch });
      expect(ours.code, ours.stderr).toBe(0);
      const reader = readRegistry(registry.url);
      const differing = await sideBySide(sample, 4, async ({ chart, version, manifest }) => {
        const manifests = await sideBySide(["helm3", "helm4", "ours"], 3, (pusher) => reader.manifest(`${pusher}/${chart}`, version));
        const texts = new Set(manifests.map(({ text }) => text));
        return texts.size === 1 && manifests[0]?.digest === manifest ? [] : [`${chart} ${version}:\n${[...texts].join("\n")}`];
      });
      expect(differing.flat()).toEqual([]);
    } finally {
      await registry.stop();
      for (const helm of helms) helm.remove();
      removeTempDir(scratch);
    }
  }, 240_000);
});

function wholeSeconds(time: string): Date {
  return new Date(Math.floor(Date.parse(time) / 1000) * 1000);
}
