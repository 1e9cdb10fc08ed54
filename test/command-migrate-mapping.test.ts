import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { digestOfTag, tagsOf } from "./runs/push-image.ts";
import { statusLines } from "./runs/read-report.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { type Helm, type HelmName, makeHelm } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const EXAMPLES = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const KEYRING = fileURLToPath(new URL("../examples/keyring.gpg", import.meta.url));
const HELMS: readonly HelmName[] = ["helm3", "helm4.2", "helm4"];

async function withHelm(name: HelmName, body: (helm: Helm) => Promise<void>): Promise<void> {
  const helm = makeHelm(name);
  await body(helm).finally(() => helm.remove());
}

function isExample(helm: Helm, saved: string, example: string): boolean {
  return readFileSync(join(helm.home, saved)).equals(readFileSync(join(EXAMPLES, example)));
}

for (const { title, needs, start } of registryKinds) {
  describeWith([...needs, ...HELMS], `charts under other names and tags at ${title}`, () => mappedAt(start));
}

function mappedAt(start: () => Promise<RunningRegistry>): void {
  const scratch = makeTempDir("mapping");
  let registry: RunningRegistry;
  let url: string;

  beforeAll(async () => {
    registry = await start();
    url = `http://${registry.host}`;
  });
  afterAll(async () => {
    await registry.stop();
    removeTempDir(scratch);
  });

  const migrate = async (namespace: string, ...options: string[]): ReturnType<typeof runMigrate> =>
    runMigrate([EXAMPLES, `oci://${registry.host}/${namespace}`, ...options], { home: scratch });

  const pull = async (helm: Helm, reference: string, ...more: string[]): Promise<string> => {
    const { code, stdout, stderr } = await helm.run([
      "pull",
      `oci://${registry.host}/${reference}`,
      "--plain-http",
      "-d",
      helm.home,
      ...more,
    ]);
    return `${code}\n${stdout}${stderr}`;
  };

  describe("--v-prefix strip", () => {
    beforeAll(async () => {
      const run = await migrate("strip", "--chart", "old-lighthouse", "--v-prefix", "strip");
      expect(run.code, run.stderr).toBe(0);
    });

    it.each(HELMS)("lets %s find by range what it finds by no range as it is", async (name) => {
      await withHelm(name, async (helm) => {
        for (const version of ["0.9.1", "^0.9", ">=0.9.0 <1"]) {
          expect(await pull(helm, "strip/old-lighthouse", "--version", version), version).toMatch(/^0\n/u);
          expect(isExample(helm, "old-lighthouse-0.9.1.tgz", "old-lighthouse-v0.9.1.tgz")).toBe(true);
        }
        expect(await pull(helm, "strip/old-lighthouse"), "the newest").toMatch(/^0\n/u);
        expect(await pull(helm, "strip/old-lighthouse", "--version", "v0.9.1")).toMatch(/^1\n/u);
      });
    });

    it("changes the tag alone: config, manifest and archive are those of the unmapped chart", async () => {
      await migrate("keep", "--chart", "old-lighthouse");
      const digest = await digestOfTag(url, "strip/old-lighthouse", "0.9.1");
      expect(digest).toMatch(/^sha256:/u);
      expect(await digestOfTag(url, "keep/old-lighthouse", "v0.9.1")).toBe(digest);
      expect(await tagsOf(url, "strip/old-lighthouse")).toEqual(["0.9.1"]);
    });
  });

  it("--v-prefix both serves exact versions and ranges with one manifest, and is done after one run", async () => {
    const options = ["both", "--chart", "old-lighthouse", "--v-prefix", "both"] as const;
    const first = reportOf(await migrate(...options));
    expect(first.versions).toMatchObject([{ version: "v0.9.1", tag: "0.9.1", tags: ["0.9.1", "v0.9.1"], status: "pushed" }]);
    expect(await tagsOf(url, "both/old-lighthouse")).toEqual(["0.9.1", "v0.9.1"]);
    expect(await digestOfTag(url, "both/old-lighthouse", "0.9.1")).toBe(await digestOfTag(url, "both/old-lighthouse", "v0.9.1"));
    expect(statusLines(reportOf(await migrate(...options)))).toEqual(["old-lighthouse v0.9.1: skipped unchanged"]);
    await withHelm("helm4", async (helm) => {
      for (const version of ["v0.9.1", "0.9.1", "~0.9"])
        expect(await pull(helm, "both/old-lighthouse", "--version", version)).toMatch(/^0\n/u);
    });
  });

  it("adds the second tag to what stands under the first, without reading the source's charts", async () => {
    await migrate("later", "--chart", "old-lighthouse");
    const run = reportOf(await migrate("later", "--chart", "old-lighthouse", "--v-prefix", "both"));
    expect(statusLines(run)).toEqual(["old-lighthouse v0.9.1: pushed tagged"]);
    expect(run.totals.downloads.charts).toBe(0);
    expect(await digestOfTag(url, "later/old-lighthouse", "0.9.1")).toBe(await digestOfTag(url, "later/old-lighthouse", "v0.9.1"));
  });

  it("--rename brings a chart to another repository, and tells whose provenance helm will not match there", async () => {
    const run = await migrate("renamed", "--chart", "harbour-web", "--chart", "old-lighthouse", "--rename", "harbour-web=front-page");
    expect(run.code, run.stderr).toBe(0);
    const notes = reportOf(run).versions.map(({ chart, version, notes: told }) => [`${chart} ${version}`, told.map(({ code }) => code)]);
    expect(Object.fromEntries(notes)).toMatchObject({
      "harbour-web 1.3.0": ["provenance-mapped"],
      "harbour-web 1.2.0": ["provenance-mapped"],
      "old-lighthouse v0.9.1": expect.not.arrayContaining(["provenance-mapped"]),
    });
    await withHelm("helm4", async (helm) => {
      expect(await pull(helm, "renamed/front-page", "--version", "~1.2")).toMatch(/^0\n/u);
      expect(isExample(helm, "front-page-1.2.0.tgz", "harbour-web-1.2.0.tgz")).toBe(true);
      const verified = await pull(helm, "renamed/front-page", "--version", "1.2.0", "--verify", "--keyring", KEYRING);
      expect(verified).toMatch(/^1\n[^]*front-page-1\.2\.0\.tgz/u);
    });
  });

  it("refuses both of two versions that would share a tag, and brings the others", async () => {
    const folder = join(scratch, "clash");
    writeRepository(folder, [makeChart("pier", "v1.0.0"), makeChart("pier", "1.0.0"), makeChart("pier", "1.1.0")]);
    const run = await runMigrate([folder, `oci://${registry.host}/clash`, "--v-prefix", "strip"], { home: scratch });
    expect(run.code).toBe(1);
    expect(statusLines(reportOf(run))).toEqual([
      "pier v1.0.0: refused duplicate-tag",
      "pier 1.0.0: refused duplicate-tag",
      "pier 1.1.0: pushed copied",
    ]);
    expect(run.stdout).toContain("pier v1.0.0 and pier 1.0.0 map to one tag");
    expect(await tagsOf(url, "clash/pier")).toEqual(["1.1.0"]);
  });

  it("gives no chart the name of another one of the source", async () => {
    const run = await migrate("mixed", "--chart", "harbour-web", "--chart", "ferry-fleet", "--rename", "harbour-web=ferry-fleet");
    expect(run.code).toBe(1);
    const lines = statusLines(reportOf(run));
    expect(lines.filter((line) => line.startsWith("harbour-web"))).toSatisfy((all: string[]) =>
      all.every((line) => line.endsWith("refused duplicate-name")),
    );
    expect(run.stdout).toContain("harbour-web is renamed to ferry-fleet, and the source has another chart there");
    const own = lines.filter((line) => /^ferry-fleet .*: pushed copied$/u.test(line));
    expect(own.length).toBeGreaterThan(0);
    expect(await tagsOf(url, "mixed/ferry-fleet")).toHaveLength(own.length);
  });

  it("finds a name for a chart whose own no registry takes", async () => {
    const folder = join(scratch, "upper");
    writeRepository(folder, [makeChart("Harbour_Web", "1.0.0")]);
    const target = `oci://${registry.host}/upper`;
    const refused = await runMigrate([folder, target], { home: scratch });
    expect(refused.stdout).toContain("--rename FROM=TO");
    const run = await runMigrate([folder, target, "--rename", "Harbour_Web=harbour-web"], { home: scratch });
    expect(run.code, run.stdout).toBe(0);
    await withHelm("helm3", async (helm) => expect(await pull(helm, "upper/harbour-web", "--version", "1.0.0")).toMatch(/^0\n/u));
  });
}
