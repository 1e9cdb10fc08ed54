import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Benchmarks: one at a time, and nothing else beside them. `npm run bench` builds first. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  ssr: { resolve: { conditions: ["@chartferry/source"] } },
  resolve: { conditions: ["@chartferry/source"] },
  test: { include: ["test/bench/*.bench.ts"], fileParallelism: false, hookTimeout: 600_000 },
});
