import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type Schema, schemaProblems } from "../packages/migrate-cli/src/engine/testing/check-schema.ts";
import { type CountingProxy, startCountingProxy } from "./servers/counting-proxy.ts";
import { type RegistryKind, registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { makeChart } from "./charts/make-chart.ts";
import { digestOfTag, pushImage } from "./runs/push-image.ts";
import { expectFailure } from "./runs/expect-failure.ts";
import { runMigrate } from "./runs/run-migrate.ts";
import { provenanceText, writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import type { ProgramResult } from "./support/run-program.ts";
import { describeWith } from "./support/real-tools.ts";
import { startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const schemaFile = fileURLToPath(new URL("../packages/migrate-cli/src/engine/verify/verify.schema.json", import.meta.url));
const schema: Schema = JSON.parse(readFileSync(schemaFile, "utf8"));

interface ReadAudit {
  readonly run: { readonly notes: readonly { readonly code: string }[] };
  readonly totals: { readonly targets: Readonly<Record<string, Readonly<Record<string, number>>>> };
  readonly versions: readonly { readonly chart: string; readonly version: string; readonly state: string; readonly reason: string }[];
}

/** By request; from the disk where a registry deletes nothing that a manifest names. */
async function loseBlob({ host, directory }: RunningRegistry, repository: string, digest: string): Promise<void> {
  const { status } = await fetch(`http://${host}/v2/${repository}/blobs/${digest}`, { method: "DELETE" });
  if (status === 202) return;
  const hex = digest.slice("sha256:".length);
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(hex));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) rmSync(join(directory, file));
}

/** CNCF Distribution names blobs in files called `link` as well. */
function isBlob(path: string): boolean {
  return !path.endsWith("link") && statSync(path).isFile();
}

for (const kind of registryKinds) describeWith([...kind.needs], `verify against ${kind.title}`, () => verifyAgainst(kind));

function verifyAgainst(kind: RegistryKind): void {
  const scratch = makeTempDir("verify");
  const repository = join(scratch, "repository");
  const charts = ["1.0.0", "1.1.0", "2.0.0+b7"].map((version) => makeChart("web", version));
  const signed = makeChart("db", "1.0.0");
  const all = [...charts, { chart: signed, provenance: provenanceText(signed) }];
  let registry: RunningRegistry;
  let proxy: CountingProxy;
  let source: StaticServer;
  beforeAll(async () => {
    writeRepository(repository, all);
    registry = await kind.start();
    [proxy, source] = await Promise.all([startCountingProxy(registry.host), startStaticServer(repository)]);
  });
  afterAll(async () => {
    await Promise.all([proxy?.stop(), source?.stop()]);
    await registry?.stop();
    removeTempDir(scratch);
  });

  const home = join(scratch, "home");
  const migrate = (namespace: string): Promise<unknown> => runMigrate([repository, `oci://${registry.host}/${namespace}`], { home });

  async function verify(
    namespace: string,
    ...more: string[]
  ): Promise<{ readonly code: number; readonly lines: string[]; readonly audit: ReadAudit }> {
    const { code, stdout } = await runChartferry(["verify", source.url, `oci://${proxy.host}/${namespace}`, "--output", "json", ...more], {
      home,
    });
    const audit: ReadAudit = JSON.parse(stdout);
    expect(schemaProblems(audit, schema)).toEqual([]);
    const lines = audit.versions.map(
      ({ chart, version, state, reason }) => `${chart} ${version}: ${state}${state === reason ? "" : ` ${reason}`}`,
    );
    return { code, lines, audit };
  }

  it("finds equal what was migrated, with looks only and without reading a chart", async () => {
    await migrate("equal");
    source.requests.splice(0);
    proxy.take();
    const { code, lines } = await verify("equal");
    expect({ code, lines }).toEqual({ code: 0, lines: ["web 1.0.0: same", "web 1.1.0: same", "web 2.0.0+b7: same", "db 1.0.0: same"] });
    expect(new Set(proxy.take().map(({ method }) => method))).toEqual(new Set(["GET", "HEAD"]));
    expect(source.requests.filter(({ path }) => path.endsWith(".tgz"))).toEqual([]);
    expect(source.requests.filter(({ path }) => path.endsWith(".prov")).length).toBe(4);
  });

  it("looks at manifests only under --quick", async () => {
    await migrate("quick");
    source.requests.splice(0);
    proxy.take();
    expect((await verify("quick", "--quick")).code).toBe(0);
    expect(proxy.take().filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
    expect(source.requests.map(({ path }) => path)).toEqual(["/index.yaml"]);
  });

  it("tells what is missing, differs, is more than the source has, and is no chart", async () => {
    const before = join(scratch, "before");
    const otherBytes = makeChart("web", "1.1.0", { lines: ["description: other bytes"] });
    writeRepository(before, [otherBytes, makeChart("web", "9.0.0"), makeChart("left", "1.0.0"), signed]);
    await runMigrate([before, `oci://${registry.host}/differs`], { home });
    await pushImage(`http://${registry.host}`, "differs/web", "1.0.0");
    const { code, lines } = await verify("differs");
    expect(code).toBe(3);
    expect(lines).toEqual([
      "web 1.0.0: drifted not-a-chart",
      "web 1.1.0: drifted chart-differs",
      "web 2.0.0+b7: missing tag-missing",
      // Pushed before it was signed.
      "db 1.0.0: drifted provenance-missing",
      "web 9.0.0: extra extra-tag",
      "left 1.0.0: extra extra-repository",
    ]);
    const words = await runChartferry(["verify", source.url, `oci://${registry.host}/differs`], { home });
    expect(words.code).toBe(3);
    expect(words.stdout).toContain("0 as the source has them, 1 missing, 3 drifted, 0 broken, 2 extra, 0 unverifiable, 0 unchecked");
    expect(words.stdout).toContain("missing: tag-missing (1)");
  });

  it("takes for extra neither container images nor what another target of the run holds", async () => {
    const url = `http://${registry.host}`;
    await migrate("shared");
    await migrate("shared/mirror");
    await pushImage(url, "shared/app/nginx", "1.0");
    await pushImage(url, "shared/web", "latest");
    const ends = [`oci://${registry.host}/shared`, `oci://${registry.host}/shared/mirror`];
    const { code, stdout } = await runChartferry(["verify", source.url, ...ends], { home });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("0 extra") });
    expect((await verify("shared")).lines.filter((line) => line.includes("extra"))).toHaveLength(4);
  });

  it("finds a chart broken whose blob was deleted, and not under --quick", async () => {
    await migrate("broken");
    await loseBlob(registry, "broken/web", charts[1]?.digest ?? "");
    const { code, lines } = await verify("broken");
    expect({ code, lines }).toEqual({
      code: 3,
      lines: ["web 1.0.0: same", "web 1.1.0: broken blob-missing", "web 2.0.0+b7: same", "db 1.0.0: same"],
    });
    expect((await verify("broken", "--quick")).code).toBe(0);
  });

  it("names a command that brings lost blobs again, and the digest stays, whoever pushed the chart", async () => {
    const target = `oci://${registry.host}/repaired`;
    const url = `http://${registry.host}`;
    // As if Helm had pushed it: with a creation time that the index does not know.
    await runMigrate([repository, target, "--created", "2020-02-02T02:02:02Z"], { home });
    const before = await digestOfTag(url, "repaired/web", "1.1.0");
    await loseBlob(registry, "repaired/web", charts[1]?.digest ?? "");
    const { stdout } = await runChartferry(["verify", source.url, target], { home });
    const [, options = ""] = /try: run chartferry migrate with the same options and (--existing .+): it brings/u.exec(stdout) ?? [];
    const repair = ["migrate", source.url, target, ...options.split(" ")];
    const repaired = await runChartferry(repair, { home });
    expect({ code: repaired.code, stderr: repaired.stderr }).toMatchObject({ code: 0 });
    expect(await digestOfTag(url, "repaired/web", "1.1.0")).toBe(before);
    expect((await verify("repaired")).code).toBe(0);
    expect((await runChartferry(repair, { home })).stdout).toContain("0 pushed");
  });

  it("brings a lost blob again by push --existing overwrite with the same time", async () => {
    const target = `oci://${registry.host}/pushed`;
    const file = join(scratch, "web-1.0.0.tgz");
    writeFileSync(file, charts[0]?.archive ?? "");
    const push = ["push", file, target, "--created", "2020-02-02T02:02:02Z", "--existing", "overwrite"];
    expect((await runChartferry(push, { home })).code).toBe(0);
    await loseBlob(registry, "pushed/web", charts[0]?.digest ?? "");
    const { code, stdout } = await runChartferry(push, { home });
    expect([code, stdout]).toEqual([0, expect.not.stringContaining("already there")]);
    expect((await runChartferry(push, { home })).stdout).toContain("already there");
    const answer = await fetch(`http://${registry.host}/v2/pushed/web/blobs/${charts[0]?.digest}`);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(charts[0]?.archive);
  });

  it("finds a chart broken whose blob was cut off in the registry's storage, and no repair is told that is none", async () => {
    // Of its own: registries keep one file for all repositories that have the same blob.
    const folder = join(scratch, "cut");
    const chart = makeChart("cut", "1.0.0");
    writeRepository(folder, [chart]);
    const ends = [folder, `oci://${registry.host}/cut`];
    await runMigrate(ends, { home });
    const hex = chart.digest.slice("sha256:".length);
    const files = readdirSync(registry.directory, { recursive: true, encoding: "utf8" }).filter((path) => path.includes(hex));
    for (const file of files.map((path) => join(registry.directory, path))) if (isBlob(file)) truncateSync(file, 0);
    const look = (): Promise<ProgramResult> => runChartferry(["verify", ...ends], { home });
    expect(await look()).toMatchObject({ code: 3, stdout: expect.stringMatching(/^broken: blob-(damaged|missing) /mu) });
    const repair = await runChartferry(["migrate", ...ends, "--existing", "overwrite", "--no-journal"], { home });
    // CNCF Distribution acknowledges what it believes to have, and keeps its file.
    if (kind.title === "CNCF Distribution") expectFailure(repair, { code: 1, reason: "size-mismatch", says: ["from its storage"] });
    else expect(repair.code).toBe(0);
    expect((await look()).code).toBe(repair.code === 0 ? 0 : 3);
  });

  it("honours selection and mapping, and takes for extra only what the whole source has not", async () => {
    const mapping = ["--rename", "web=site"];
    await runMigrate([repository, `oci://${registry.host}/mapped`, ...mapping], { home });
    expect(await verify("mapped", ...mapping, "--version", "1.x")).toMatchObject({
      code: 0,
      lines: ["web 1.0.0: same", "web 1.1.0: same", "db 1.0.0: same"],
    });
    expect((await verify("mapped")).lines).toEqual([
      "web 1.0.0: missing tag-missing",
      "web 1.1.0: missing tag-missing",
      "web 2.0.0+b7: missing tag-missing",
      "db 1.0.0: same",
      "site 1.0.0: extra extra-repository",
      "site 1.1.0: extra extra-repository",
      "site 2.0.0+b7: extra extra-repository",
    ]);
  });
}
