import { defineConfig } from "vitest/config";

/** Unit tests: beside the code, no network beyond this machine, no build needed. */
export default defineConfig({
  ssr: { resolve: { conditions: ["@chartferry/source"] } },
  resolve: { conditions: ["@chartferry/source"] },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tools/**/*.test.ts"],
    maxWorkers: 2,
    // Property tests of a second or two take several on a busy machine.
    testTimeout: 20_000,
    reporters: ["default", "./tools/summary-reporter.ts"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/testing/**"],
      reporter: ["text-summary", "html"],
      // The tests of whole programs cover what is missing here: terminals, signals, real servers.
      thresholds: { lines: 85, statements: 83, functions: 82, branches: 76 },
    },
  },
});
