import { mkdirSync } from "node:fs";

import { startChartferry } from "../support/chartferry.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";

export interface RunningEmbedded {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** Its image layouts, one per repository. */
  readonly directory: string;
  readonly processId: number;
  /** What it printed so far, both streams. */
  readonly output: () => string;
  /** Resolves with the exit code. The folder stays when it was given. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number>;
}

export interface EmbeddedOptions {
  /** Default: a fresh folder, removed at `stop()`. */
  readonly directory?: string;
  /** Default: 0, a free one. */
  readonly port?: number;
  /** Further options of `chartferry serve`. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files and connections that it may have open at one time (`ulimit -n`). */
  readonly openFiles?: number;
}

/** `chartferry serve` on this machine, as a user starts it. */
export async function startEmbedded({
  directory,
  port = 0,
  options = [],
  env = {},
  openFiles,
}: EmbeddedOptions = {}): Promise<RunningEmbedded> {
  const home = makeTempDir("embedded");
  const layouts = directory ?? `${home}/layouts`;
  mkdirSync(layouts, { recursive: true });
  const running = await startChartferry(["serve", layouts, "--port", String(port), ...options], {
    home,
    env,
    openFiles,
    readyPattern: /(https?:\/\/(127\.0\.0\.1:\d+))/u,
  });
  return {
    host: running.ready[2] ?? "",
    url: running.ready[1] ?? "",
    directory: layouts,
    processId: running.processId,
    output: running.output,
    async stop(signal) {
      const code = await running.stop(signal);
      removeTempDir(home);
      return code;
    },
  };
}
