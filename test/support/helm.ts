import { mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { requireTool } from "./real-tools.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";

export type HelmName = "helm3" | "helm4" | "helm4.2";

export interface Helm {
  readonly name: HelmName;
  /** Holds its configuration, cache and data, nobody else's. */
  readonly home: string;
  /** Runs it; a non-zero exit code is a result. */
  readonly run: (args: readonly string[], options?: HelmRunOptions) => Promise<ProgramResult>;
  /** Runs it and returns stdout; throws with stderr when it fails. */
  readonly output: (args: readonly string[], options?: HelmRunOptions) => Promise<string>;
  readonly remove: () => void;
}

export interface HelmRunOptions {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real helm with a home of its own, TZ=UTC (`created` carries the local zone) and no proxy. */
export function makeHelm(name: HelmName): Helm {
  const program = requireTool(name);
  const home = makeTempDir(name);
  for (const folder of ["cache", "config", "data"]) mkdirSync(join(home, folder));
  const ownEnvironment = {
    PATH: process.env["PATH"],
    HOME: home,
    TZ: "UTC",
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
  };
  const run: Helm["run"] = (args, { env, ...options } = {}) =>
    runProgram(program, args, { ...options, env: { ...ownEnvironment, ...env } });
  return {
    name,
    home,
    run,
    async output(args, options) {
      const { code, stdout, stderr } = await run(args, options);
      if (code !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${code}: ${stderr}`);
      return stdout;
    },
    remove: () => removeTempDir(home),
  };
}

/** Helm writes the modification time of the .tgz into the manifest as `created`: set it before a push whose digest matters. */
export function setModificationTime(file: string, time: Date | string): void {
  const date = new Date(time);
  utimesSync(file, date, date);
}
