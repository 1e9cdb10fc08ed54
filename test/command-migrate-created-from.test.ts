import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

import { digestOfTag } from "./runs/push-image.ts";
import { statusLines } from "./runs/read-report.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { startProxy } from "./servers/start-proxy.ts";
import { registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { type HelmName, makeHelm, setModificationTime } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const EXAMPLES = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const KEYRING = fileURLToPath(new URL("../examples/keyring.gpg", import.meta.url));

for (const { title, needs, start } of registryKinds) {
  describeWith([...needs, "helm4"], `charts that helm put into ${title} before`, () => createdFrom(start));
}

function createdFrom(start: () => Promise<RunningRegistry>): void {
  const scratch = makeTempDir("created-from");
  let registry: RunningRegistry;
  let url: string;
  let pushed: string | undefined;

  beforeAll(async () => {
    registry = await start();
    url = `http://${registry.host}`;
    const helm = makeHelm("helm4");
    for (const file of ["harbour-web-1.3.0.tgz", "harbour-web-1.3.0.tgz.prov"]) copyFileSync(join(EXAMPLES, file), join(helm.home, file));
    setModificationTime(join(helm.home, "harbour-web-1.3.0.tgz"), "2025-05-05T05:05:05Z");
    const place = `oci://${registry.host}/before`;
    await helm.output(["push", join(helm.home, "harbour-web-1.3.0.tgz"), place, "--plain-http"], { env: { TZ: "Asia/Kolkata" } });
    helm.remove();
    pushed = await digestOfTag(url, "before/harbour-web", "1.3.0");
  });
  afterAll(async () => {
    await registry.stop();
    removeTempDir(scratch);
  });

  const migrate = (...words: string[]): ReturnType<typeof runMigrate> =>
    runMigrate([EXAMPLES, ...words, "--chart", "harbour-web"], { home: scratch });
  const at = (namespace: string): string => `oci://${registry.host}/${namespace}`;

  it("keep helm's own time, zone and all, so that every place gets helm's digest", async () => {
    const layouts = `oci-layout:${join(scratch, "layouts")}`;
    const run = reportOf(await migrate(at("after"), layouts, "--created-from", at("before")));
    const [older, newer] = [
      run.versions.filter(({ version }) => version === "1.2.0"),
      run.versions.filter(({ version }) => version === "1.3.0"),
    ];
    expect(newer).toMatchObject([
      { created: "2025-05-05T10:35:05+05:30", manifestDigest: pushed },
      { created: "2025-05-05T10:35:05+05:30", manifestDigest: pushed },
    ]);
    expect(older[0]?.created).toMatch(/Z$/u);
    expect(await digestOfTag(url, "after/harbour-web", "1.3.0")).toBe(pushed);
    expect(run.hosts.some(({ end, host, requests }) => end === "source" && host === registry.host && requests >= 2)).toBe(true);
  });

  it("serve as the model for the other targets of the same run, with one manifest read a download", async () => {
    const proxy = await startProxy(url);
    const host = new URL(proxy.url).host;
    const before = `oci://${host}/before`;
    const run = reportOf(await migrate(before, at("beside"), "--created-from", before, "--version", "1.3.0"));
    expect(statusLines(run)).toEqual(["harbour-web 1.3.0: skipped same-chart", "harbour-web 1.3.0: pushed copied"]);
    expect(await digestOfTag(url, "beside/harbour-web", "1.3.0")).toBe(pushed);
    expect(proxy.requests.filter(({ method, path }) => method === "GET" && path.endsWith("/manifests/1.3.0"))).toHaveLength(2);
    expect(run.hosts.filter(({ end }) => end === "source").filter((each) => each.requests > 0)).toEqual([]);
    await proxy.stop();
  });

  it("give no time where nobody answers: the version fails, for another time would be another digest", async () => {
    const run = await migrate(at("nowhere"), "--created-from", "oci://127.0.0.1:1/charts");
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain("127.0.0.1:1");
    expect(await digestOfTag(url, "nowhere/harbour-web", "1.3.0")).toBeUndefined();
  });
}

describeWith(["helm3", "helm4"], "provenance that comes later", () => {
  const scratch = makeTempDir("late-provenance");
  const folder = join(scratch, "repository");
  const signature = "harbour-web-1.3.0.tgz.prov";
  let registry: RunningRegistry;

  beforeAll(async () => {
    registry = await (registryKinds[0]?.start() ?? Promise.reject(new Error("no registry")));
    mkdirSync(folder);
    for (const file of ["index.yaml", "harbour-web-1.2.0.tgz", "harbour-web-1.3.0.tgz", signature])
      copyFileSync(join(EXAMPLES, file), join(folder, file));
  });
  afterAll(async () => {
    await registry.stop();
    removeTempDir(scratch);
  });

  it("is found with --refresh-provenance alone, and leaves what a first push of everything leaves", async () => {
    const url = `http://${registry.host}`;
    const words = [folder, `oci://${registry.host}/late`, "--chart", "harbour-web"];
    rmSync(join(folder, signature));
    await runMigrate(words, { home: scratch });
    const unsigned = await digestOfTag(url, "late/harbour-web", "1.3.0");
    copyFileSync(join(EXAMPLES, signature), join(folder, signature));
    expect(statusLines(reportOf(await runMigrate(words, { home: scratch })))).toEqual([
      "harbour-web 1.3.0: skipped unchanged",
      "harbour-web 1.2.0: skipped unchanged",
    ]);
    expect(await digestOfTag(url, "late/harbour-web", "1.3.0")).toBe(unsigned);

    const run = reportOf(await runMigrate([...words, "--refresh-provenance"], { home: scratch }));
    expect(statusLines(run)).toEqual(["harbour-web 1.3.0: pushed copied", "harbour-web 1.2.0: skipped same-chart"]);
    expect(run.totals.downloads.charts).toBe(1);
    await runMigrate([folder, `oci://${registry.host}/first`, "--chart", "harbour-web"], { home: scratch });
    const complete = await digestOfTag(url, "late/harbour-web", "1.3.0");
    expect(complete).not.toBe(unsigned);
    expect(await digestOfTag(url, "first/harbour-web", "1.3.0")).toBe(complete);
    for (const name of ["helm3", "helm4"] satisfies HelmName[]) {
      const helm = makeHelm(name);
      const place = ["pull", `oci://${registry.host}/late/harbour-web`, "--version", "1.3.0", "--plain-http", "-d", helm.home];
      expect(await helm.output([...place, "--verify", "--keyring", KEYRING])).toContain("Chart Hash Verified");
      helm.remove();
    }
    expect(statusLines(reportOf(await runMigrate([...words, "--refresh-provenance"], { home: scratch })))).toEqual([
      "harbour-web 1.3.0: skipped unchanged",
      "harbour-web 1.2.0: skipped same-chart",
    ]);
  });
});
