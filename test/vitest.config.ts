import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Whole programs against real ones. Needs a build (`npm run build`) and, for most of it, `npm run tools`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  ssr: { resolve: { conditions: ["@chartferry/source"] } },
  resolve: { conditions: ["@chartferry/source"] },
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    reporters: ["default", "./tools/summary-reporter.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
