import { bytesContent } from "../../content.ts";
import { createMemoryStore, type MemoryStore } from "../../store/testing/memory-store.ts";
import type { AssembledPackage, VerbatimPackage } from "../chart-package.ts";
import { copyChart } from "../copy-chart.ts";

export const text = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

export function chart(archive = "archive bytes", provenance?: string): AssembledPackage {
  return {
    kind: "assemble",
    layer: bytesContent(text(archive)),
    ...(provenance === undefined ? {} : { provenance: bytesContent(text(provenance)) }),
    metadata: { name: "web", version: "1.0.0", apiVersion: "v2" },
    created: "2024-01-02T03:04:05Z",
    notes: [],
    release: () => Promise.resolve(),
  };
}

/** A target of which nothing is known. */
export const cold = { tags: ["1.0.0"] as const, existing: "verify" as const, listed: false };

/** A store in which a chart stands. */
export async function holding(pkg: AssembledPackage | VerbatimPackage): Promise<MemoryStore> {
  const store = createMemoryStore();
  await copyChart(pkg, store, { ...cold, tags: ["1.0.0"] });
  store.calls.length = 0;
  return store;
}
