import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { type RunningRegistry, startRegistry } from "@chartferry/registry";

export interface Place {
  readonly target: string;
  /** Manifests that have come so far. */
  manifests(): number;
  /** From the first request to the last manifest. */
  milliseconds(): number;
  stop(): Promise<void>;
}

export interface PlaceOptions {
  readonly directory: string;
  /** Before each answer, in milliseconds. */
  readonly lag?: number | (() => number);
  readonly port?: number;
  readonly onManifest?: (manifests: number) => void;
}

/** A registry of this very process, as slow as wanted. */
export async function startPlace({ directory, lag = 0, port = 0, onManifest }: PlaceOptions): Promise<Place> {
  mkdirSync(directory, { recursive: true });
  let [manifests, firstAt, lastAt] = [0, 0, 0];
  const registry: RunningRegistry = await startRegistry({
    directory,
    port,
    durability: "none",
    hooks: {
      intercept: async () => {
        firstAt ||= performance.now();
        const wait = typeof lag === "number" ? lag : lag();
        if (wait > 0) await delay(wait);
        return undefined;
      },
      observe: ({ method, path, status }) => {
        if (method !== "PUT" || !path.includes("/manifests/") || status !== 201) return;
        lastAt = performance.now();
        manifests += 1;
        onManifest?.(manifests);
      },
    },
  });
  return {
    target: `oci://${new URL(registry.url).host}/charts`,
    manifests: () => manifests,
    milliseconds: () => lastAt - firstAt,
    stop: () => registry.close(),
  };
}
