import { startChartferry } from "../support/chartferry.ts";
import type { Need } from "../support/real-tools.ts";
import { startDistribution } from "../support/start-distribution.ts";
import { startZot } from "../support/start-zot.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";

export interface RunningRegistry {
  readonly host: string;
  /** Where it keeps its data, for registries that are not ours. */
  readonly directory?: string;
  readonly stop: () => Promise<unknown>;
}

export interface RegistryKind {
  readonly title: string;
  readonly needs: readonly Need[];
  /** One POST carries a whole blob. */
  readonly singlePost: boolean;
  readonly start: () => Promise<RunningRegistry>;
}

/** The registries that every migration must work with, storage in memory where the machine allows. */
export const registryKinds: readonly RegistryKind[] = [
  { title: "the embedded registry", needs: [], singlePost: true, start: () => startServe() },
  { title: "zot", needs: ["zot"], singlePost: true, start: () => startZot() },
  { title: "CNCF Distribution", needs: ["distribution"], singlePost: false, start: () => startDistribution() },
];

export interface ServeOptions {
  /** Kept at `stop()`. Default: a folder of its own, which goes. */
  readonly directory?: string;
  /** Default: 0, a free one. */
  readonly port?: number;
}

/** `chartferry serve`. */
export async function startServe({ directory, port = 0 }: ServeOptions = {}): Promise<RunningRegistry> {
  const home = makeTempDir("serve");
  const { ready, stop } = await startChartferry(["serve", directory ?? `${home}/registry`, "--port", String(port)], {
    home,
    readyPattern: /127\.0\.0\.1:(\d+)/u,
  });
  return {
    host: `127.0.0.1:${ready[1]}`,
    async stop() {
      await stop();
      removeTempDir(home);
    },
  };
}
