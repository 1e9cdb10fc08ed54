import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type Identity, type Setup, setups, startWorld, type World } from "@chartferry/conformance/emulators";
import { onTestFinished } from "vitest";

import { type MigrateRun, runMigrate } from "../runs/run-migrate.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { environmentOf } from "./identity-environment.ts";

const examples = fileURLToPath(new URL("../../examples/classic-repo", import.meta.url));

/** One cold registry under its real host name, and a user's home beside it; both end with the test. */
export interface HostedPlace {
  readonly setup: Setup;
  readonly world: World;
  readonly home: string;
  /** What a user passes for a registry whose repositories must exist. */
  readonly creating: readonly string[];
  /** `chartferry migrate SOURCE` to the registry; nothing may be asked of a host that is not emulated. */
  migrate(source: string, args?: readonly string[], who?: Identity): Promise<MigrateRun>;
}

/** `untouched`: as a stranger finds it, also where something must be made by hand before anybody can push. Default: that is there. */
export async function hostedPlace(name: string, state: "usable" | "untouched" = "usable"): Promise<HostedPlace> {
  const start = setups[name];
  if (start === undefined) throw new Error(`there is no setup ${name}`);
  const setup = await start();
  if (setup.creation === "by-hand" && state === "usable") setup.prepare(repositoriesOf({ setup }));
  const world = await startWorld([setup.emulator]);
  const home = makeTempDir(`hosted-${name}`);
  onTestFinished(async () => {
    await world.close();
    removeTempDir(home);
  });
  return {
    setup,
    world,
    home,
    creating: setup.creation === "if-missing" ? ["--create-repositories", "if-missing"] : [],
    migrate: async (source, args = [], who = setup.user) => {
      const run = await runMigrate([source, setup.target, ...args], { home, env: environmentOf(world, who, home) });
      if (world.refused.length > 0) throw new Error(`asked for hosts that are not emulated: ${world.refused.join(", ")}`);
      return run;
    },
  };
}

/** Repositories within the registry that the examples go to. */
export function repositoriesOf({ setup }: Pick<HostedPlace, "setup">): string[] {
  const namespace = setup.target.slice(`oci://${setup.registry}/`.length);
  const charts = readdirSync(examples).flatMap((name) => /^(.+?)-v?\d.*\.tgz$/.exec(name)?.[1] ?? []);
  return [...new Set(charts)].map((chart) => `${namespace}/${chart}`);
}
