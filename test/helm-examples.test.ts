import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

import { migrateToJson } from "./runs/run-migrate.ts";
import { type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { type Helm, type HelmName, makeHelm } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const EXAMPLES = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const KEYRING = fileURLToPath(new URL("../examples/keyring.gpg", import.meta.url));
const SIGNED = ["harbour-web 1.2.0", "harbour-web 1.3.0", "tide-tables 2.0.0+spring.1"] as const;

for (const name of ["helm3", "helm4.2", "helm4"] satisfies HelmName[]) {
  describeWith([name], `our example charts, migrated, in the hands of ${name}`, () => examplesWith(name));
}

function examplesWith(name: HelmName): void {
  const scratch = makeTempDir(`examples-${name}`);
  let registry: RunningRegistry;
  let helm: Helm;

  beforeAll(async () => {
    helm = makeHelm(name);
    registry = await startEmbedded();
    const { code, stderr } = await migrateToJson([EXAMPLES, `oci://${registry.host}/charts`], { home: scratch });
    expect(code, stderr).toBe(0);
  });
  afterAll(async () => {
    await registry.stop();
    helm.remove();
    removeTempDir(scratch);
  });

  const example = (file: string): Buffer => readFileSync(join(EXAMPLES, file));
  const pull = (chart: string, ...more: string[]): Promise<string> => {
    const folder = ["--destination", helm.home];
    return helm.output(["pull", `oci://${registry.host}/charts/${chart}`, "--plain-http", ...folder, ...more]);
  };

  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith(".tgz")))("comes back byte by byte: %s", async (file) => {
    const [, chart = "", version = ""] = /^(.+?)-(v?\d.*)\.tgz$/u.exec(file) ?? [];
    await pull(chart, "--version", version);
    expect(readFileSync(join(helm.home, file)).equals(example(file))).toBe(true);
  });

  it("is found by range, and the newest without a version", async () => {
    await pull("harbour-web", "--version", "~1.2");
    expect(readFileSync(join(helm.home, "harbour-web-1.2.0.tgz")).equals(example("harbour-web-1.2.0.tgz"))).toBe(true);
    expect(await helm.output(["show", "chart", `oci://${registry.host}/charts/harbour-web`, "--plain-http"])).toContain("version: 1.3.0");
  });

  it.each(SIGNED)("still verifies: %s", async (signed) => {
    const [chart = "", version = ""] = signed.split(" ");
    const said = await pull(chart, "--version", version, "--verify", "--keyring", KEYRING);
    expect(said).toContain("Chart Hash Verified: sha256:");
    const file = `${chart}-${version}.tgz`;
    expect(readFileSync(join(helm.home, `${file}.prov`)).equals(example(`${file}.prov`))).toBe(true);
  });

  it("does not verify where it never was signed", async () => {
    await expect(pull("tide-tables", "--version", "2.0.0+spring.2", "--verify", "--keyring", KEYRING)).rejects.toThrow(
      /provenance|\.prov/u,
    );
  });

  it("is taken as a dependency by exact version and by range", async () => {
    const folder = join(scratch, "port");
    mkdirSync(folder);
    const repository = `oci://${registry.host}/charts`;
    const dependencies = [
      { name: "harbour-web", version: "^1.2.0", repository },
      { name: "dock-helpers", version: "~0.4.0", repository },
      { name: "old-lighthouse", version: "v0.9.1", repository },
      { name: "tide-tables", version: "2.0.0+spring.1", repository },
    ];
    writeFileSync(join(folder, "Chart.yaml"), JSON.stringify({ apiVersion: "v2", name: "port", version: "1.0.0", dependencies }));
    await helm.output(["dependency", "update", folder, "--plain-http"]);
    const files = ["dock-helpers-0.4.0.tgz", "harbour-web-1.3.0.tgz", "old-lighthouse-v0.9.1.tgz", "tide-tables-2.0.0+spring.1.tgz"];
    expect(readdirSync(join(folder, "charts")).toSorted()).toEqual(files);
    for (const file of files) expect(readFileSync(join(folder, "charts", file)).equals(example(file)), file).toBe(true);
    await helm.output(["dependency", "build", folder, "--plain-http"]);
    expect(readdirSync(join(folder, "charts")).toSorted()).toEqual(files);
    expect(await helm.output(["dependency", "list", folder])).not.toMatch(/missing|wrong version/u);
  });
}
