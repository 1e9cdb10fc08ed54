import type { Need } from "../support/real-tools.ts";
import { startEmbedded } from "./start-embedded.ts";
import { startDistribution } from "./start-distribution.ts";
import { startZot } from "./start-zot.ts";

export interface RunningRegistry {
  readonly host: string;
  /** Where it keeps its data. */
  readonly directory: string;
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
  { title: "the embedded registry", needs: [], singlePost: true, start: () => startEmbedded() },
  { title: "zot", needs: ["zot"], singlePost: true, start: () => startZot() },
  { title: "CNCF Distribution", needs: ["distribution"], singlePost: false, start: () => startDistribution() },
];
