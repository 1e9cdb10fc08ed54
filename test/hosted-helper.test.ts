import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { setups } from "@chartferry/conformance/emulators";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type HostedPlace, hostedPlace } from "./hosted/hosted-place.ts";
import { environmentOf } from "./hosted/identity-environment.ts";
import { installCredentialHelper } from "./hosted/install-credential-helper.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type Helm, makeHelm } from "./support/helm.ts";
import { describeWith, requireTool } from "./support/real-tools.ts";
import { runProgram } from "./support/run-program.ts";

const chart = fileURLToPath(new URL("../examples/classic-repo/harbour-web-1.3.0.tgz", import.meta.url));

interface Helped extends HostedPlace {
  readonly environment: Record<string, string>;
  /** How often the helper was called so far. */
  readonly calls: () => number;
}

/** A user who has credentials of the cloud, the helper named in Docker's file, and no password anywhere. */
async function helpedPlace(name: string): Promise<Helped> {
  const place = await hostedPlace(name);
  const { setup, world, home } = place;
  const { path, calls } = installCredentialHelper(home);
  const environment = { ...environmentOf(world, setup.user, home), PATH: path };
  writeFileSync(join(home, "docker", "config.json"), JSON.stringify({ credHelpers: { [setup.registry]: "chartferry" } }));
  setup.prepare([`${setup.target.slice(`oci://${setup.registry}/`.length)}/harbour-web`]);
  return { ...place, environment, calls: () => readFileSync(calls, "utf8").split("\n").length - 1 };
}

/** Registries whose credentials come from a cloud, not from a file. */
const clouds = Object.keys(setups).filter((name) => ["ecr", "acr", "gar"].includes(name));

describeWith(["helm3", "helm4", "oras"], "the credential helper", () => {
  let helms: Record<"helm3" | "helm4", Helm> | undefined;
  beforeAll(() => {
    helms = { helm3: makeHelm("helm3"), helm4: makeHelm("helm4") };
  });
  afterAll(() => Object.values(helms ?? {}).forEach((helm) => helm.remove()));

  it.each(clouds.flatMap((name) => (["helm3", "helm4"] as const).map((helm) => [helm, name] as const)))(
    "lets %s push to %s and pull from it with no password in any file",
    async (helm, name) => {
      const place = await helpedPlace(name);
      const { setup, home, environment: env } = place;
      const run = (args: readonly string[]) => helms?.[helm].run(args, { cwd: home, env });
      const pushed = await run(["push", chart, setup.target]);
      expect([pushed?.code, `${pushed?.stdout}${pushed?.stderr}`]).toMatchObject([0, expect.stringContaining("Digest: sha256:")]);
      const pulled = await run(["pull", `${setup.target}/harbour-web`, "--version", "1.3.0"]);
      expect(pulled).toMatchObject({ code: 0 });
      expect(readFileSync(join(home, "harbour-web-1.3.0.tgz")).equals(readFileSync(chart))).toBe(true);
      expect(place.calls()).toBeGreaterThan(0);
      expect(place.world.refused).toEqual([]);
    },
  );

  it.each(clouds)("lets oras push to %s and pull from it", async (name) => {
    const place = await helpedPlace(name);
    const { setup, home, environment } = place;
    cpSync(chart, join(home, "chart.tgz"));
    const env = { HOME: home, ...environment };
    const reference = `${setup.target.slice("oci://".length)}/harbour-web:oras`;
    const oras = (...args: string[]) => runProgram(requireTool("oras"), args, { cwd: home, env });
    expect(await oras("push", reference, "chart.tgz")).toMatchObject({ code: 0 });
    expect(await oras("pull", reference, "-o", join(home, "out"))).toMatchObject({ code: 0 });
    expect(readFileSync(join(home, "out", "chart.tgz")).equals(readFileSync(chart))).toBe(true);
    expect(place.calls()).toBeGreaterThan(0);
  });

  it.each(clouds)("is not called by the migration itself, which finds it named for %s", async (name) => {
    const place = await helpedPlace(name);
    const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
    const run = await runMigrate([examples, place.setup.target, "--chart", "harbour-web"], { home: place.home, env: place.environment });
    expect([run.code, reportOf(run).versions.map(({ status }) => status)]).toEqual([0, ["pushed", "pushed"]]);
    expect(place.calls()).toBe(0);
  });
});
