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

function start(name: string): Promise<Setup> {
  const setup = setups[name];
  return setup === undefined ? Promise.reject(new Error(`there is no setup ${name}`)) : setup();
}
