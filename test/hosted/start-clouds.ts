import { type Identity, type Setup, setups, startWorld, type World } from "@chartferry/conformance/emulators";
import { onTestFinished } from "vitest";

import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { environmentOf } from "./identity-environment.ts";

export interface Clouds {
  readonly all: readonly Setup[];
  readonly world: World;
  readonly home: string;
  /** Of a user who is somebody in each of them. */
  readonly env: Record<string, string>;
}

/** Several cold registries at once; they end with the test. */
export async function startClouds(names: readonly string[]): Promise<Clouds> {
  const all = await Promise.all(names.map((name) => start(name)));
  const world = await startWorld(all.map(({ emulator }) => emulator));
  const home = makeTempDir("clouds");
  onTestFinished(async () => {
    await world.close();
    removeTempDir(home);
  });
  const users = all.map(({ user }) => user);
  const everybody: Identity = {
    environment: Object.assign({}, ...users.map(({ environment }) => environment)),
    auths: Object.assign({}, ...users.map(({ auths }) => auths)),
    files: Object.assign({}, ...users.map(({ files }) => files)),
  };
  return { all, world, home, env: environmentOf(world, everybody, home) };
}

/** With what must be made by hand before anybody can push to it. */
async function start(name: string): Promise<Setup> {
  const begin = setups[name];
  if (begin === undefined) throw new Error(`there is no setup ${name}`);
  const setup = await begin();
  if (setup.creation === "by-hand") setup.prepare([setup.target.slice(`oci://${setup.registry}/`.length)]);
  return setup;
}
