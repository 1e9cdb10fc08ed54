import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { digestOfTag } from "./runs/push-image.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { provenanceText, writeRepository } from "./charts/write-repository.ts";
import { type Route, startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("provenance");
const chart = makeChart("web", "1.0.0");
const page: Route = (_, response) =>
  void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><html><title>Harbour</title></html>");
const status =
  (code: number, headers: Record<string, string> = {}): Route =>
  (_, response) =>
    void response.writeHead(code, headers).end();
const text =
  (body: string): Route =>
  (_, response) =>
    void response.end(body);

let registry: RunningEmbedded;
beforeAll(async () => {
  writeRepository(join(scratch, "repository"), [chart]);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

interface Outcome {
  readonly code: number;
  readonly status: string;
  readonly reason: string | undefined;
  readonly hasProvenance: boolean;
  readonly notes: string;
  readonly asked: number;
  readonly stderr: string;
}

let runs = 0;
async function migrateWith(route: Route, policy: string): Promise<Outcome> {
  const source: StaticServer = await startStaticServer(join(scratch, "repository"), { routes: { "/web-1.0.0.tgz.prov": route } });
  const namespace = `run-${(runs += 1)}`;
  const home = join(scratch, namespace);
  mkdirSync(home);
  const run = await runMigrate([source.url, `oci://${registry.host}/${namespace}`, "--provenance", policy], { home });
  await source.stop();
  const [version] = reportOf(run).versions;
  return {
    code: run.code,
    status: version?.status ?? "",
    reason: version?.reason,
    hasProvenance: await hasProvenance(namespace),
    notes: version?.notes.map((note) => note.text).join("; ") ?? "",
    asked: source.requests.filter(({ path }) => path.endsWith(".prov")).length,
    stderr: run.stderr,
  };
}

async function hasProvenance(namespace: string): Promise<boolean> {
  if ((await digestOfTag(registry.url, `${namespace}/web`, "1.0.0")) === undefined) return false;
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${registry.url}/v2/${namespace}/web/manifests/1.0.0`, { headers: { accept } });
  return (await answer.text()).includes("application/vnd.cncf.helm.chart.provenance.v1.prov");
}

describe("what answers where the provenance should be", () => {
  const present = text(provenanceText(chart));
  const cases: readonly (readonly [string, Route, string, Partial<Outcome>])[] = [
    ["a signed text", present, "auto", { code: 0, status: "pushed", hasProvenance: true }],
    ["a signed text", present, "require", { code: 0, status: "pushed", hasProvenance: true }],
    ["a signed text", present, "skip", { code: 0, status: "pushed", hasProvenance: false, asked: 0 }],
    ["404", status(404), "auto", { code: 0, status: "pushed", hasProvenance: false }],
    ["404", status(404), "require", { code: 1, status: "failed", reason: "provenance-missing", hasProvenance: false }],
    ["410", status(410), "auto", { code: 0, status: "pushed", hasProvenance: false }],
    ["an HTML page", page, "auto", { code: 0, status: "pushed", hasProvenance: false, notes: expect.stringMatching(/HTML/u) }],
    ["an HTML page", page, "require", { code: 1, status: "failed", reason: expect.stringMatching(/^provenance-/u), hasProvenance: false }],
    ["an HTML page", page, "skip", { code: 0, status: "pushed", hasProvenance: false, asked: 0 }],
    ["403", status(403), "auto", { code: 0, status: "pushed", hasProvenance: false, notes: expect.stringMatching(/403/u) }],
    ["403", status(403), "require", { code: 1, status: "failed", reason: expect.stringMatching(/^provenance-/u), hasProvenance: false }],
    ["403", status(403), "skip", { code: 0, status: "pushed", hasProvenance: false, asked: 0 }],
    [
      "503",
      status(503, { "retry-after": "0" }),
      "auto",
      { code: 1, status: "failed", reason: "provenance-unavailable", hasProvenance: false },
    ],
    [
      "503",
      status(503, { "retry-after": "0" }),
      "require",
      { code: 1, status: "failed", reason: "provenance-unavailable", hasProvenance: false },
    ],
    ["503", status(503), "skip", { code: 0, status: "pushed", hasProvenance: false, asked: 0 }],
  ];
  it.each(cases)("$0, under --provenance $2", async (...[, route, policy, wanted]) => {
    expect(await migrateWith(route, policy)).toMatchObject(wanted);
  });

  it("what stands without it is completed under require, and misses it as in a fresh place: migrate, plan and verify agree", async () => {
    const home = join(scratch, "standing");
    mkdirSync(home);
    let route = present;
    const routes = { "/web-1.0.0.tgz.prov": ((...exchange) => route(...exchange)) satisfies Route };
    const source = await startStaticServer(join(scratch, "repository"), { routes });
    const ends = [source.url, `oci://${registry.host}/standing`];
    const say = async (command: string, ...more: string[]): Promise<number> =>
      (await runChartferry([command, ...ends, ...more], { home })).code;
    const required = ["--provenance", "require"];
    expect(await say("migrate", "--provenance", "skip")).toBe(0);
    route = status(404);
    const codes = [await say("migrate", ...required), await say("plan", "--check", ...required), await say("verify", ...required)];
    expect([...codes, await hasProvenance("standing")]).toEqual([1, 3, 3, false]);
    route = present;
    expect([await say("plan", "--check", ...required), await say("verify", ...required)]).toEqual([3, 3]);
    expect([await say("migrate", ...required), await hasProvenance("standing")]).toEqual([0, true]);
    expect([await say("migrate", ...required), await say("plan", "--check", ...required), await say("verify", ...required)]).toEqual([
      0, 0, 0,
    ]);
    await source.stop();
  });

  it("a text that is not signed is no provenance", async () => {
    const plain = await migrateWith(text("name: web\nversion: 1.0.0\n"), "auto");
    expect(plain).toMatchObject({ hasProvenance: false });
    expect(plain.status === "pushed" ? plain.notes : plain.reason).toMatch(/provenance|signed/u);
    expect(await migrateWith(text("name: web\nversion: 1.0.0\n"), "require")).toMatchObject({ code: 1, status: "failed" });
  });

  it("a 503 that heals is asked again", async () => {
    let asked = 0;
    const route: Route = (_, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(503, { "retry-after": "0" }).end();
      else response.end(provenanceText(chart));
    };
    expect(await migrateWith(route, "auto")).toMatchObject({ code: 0, status: "pushed", hasProvenance: true });
  });
});
