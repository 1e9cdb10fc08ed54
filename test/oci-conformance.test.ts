import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { startRegistry } from "@chartferry/registry";
import { afterEach, beforeEach, expect, it } from "vitest";

import { describeWith, requireTool } from "./support/real-tools.ts";
import { runProgram } from "./support/run-program.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

interface Outcome {
  /** State by row of results.yaml: `Blob get` → `Pass`. */
  readonly rows: ReadonlyMap<string, string>;
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

/** Exit code 0 alone means nothing: the program also ends so when it could not read its configuration. */
function readOutcome(directory: string): Outcome {
  const file = join(directory, "results.yaml");
  if (!existsSync(file)) throw new Error("the conformance program wrote no results.yaml");
  const lines = readFileSync(file, "utf8").matchAll(/^ {2}([A-Z][^:]*): (Pass|FAIL|Error|Skip|Disabled|Unknown)$/gm);
  const suite = /<testsuite [^>]*>/.exec(readFileSync(join(directory, "junit.xml"), "utf8"))?.[0] ?? "";
  const count = (name: string): number => Number(new RegExp(`${name}="(\\d+)"`).exec(suite)?.[1]);
  return {
    rows: new Map([...lines].map(([, name = "", state = ""]) => [name, state])),
    tests: count("tests"),
    failures: count("failures"),
    errors: count("errors"),
    skipped: count("skipped"),
  };
}

/** Switched off by the program itself: at 1.1 what only `dev` asks for, and manifests whose parts are missing. */
const disabled: Readonly<Record<string, readonly string[]>> = {
  "1.1": ["Blob upload cancel", "Manifest put with tag params", "Sparse Manifests", "Tag Param", "Tag Param sha512"],
  dev: ["Sparse Manifests"],
};

describeWith(["conformance"], "the official OCI conformance program against the embedded registry", () => {
  let scratch: string;
  beforeEach(() => {
    scratch = makeTempDir("conformance");
  });
  afterEach(() => removeTempDir(scratch));

  it.each(["1.1", "dev"])("finds no failure at version %s", async (version) => {
    const registry = await startRegistry({ directory: join(scratch, "layouts"), durability: "none" });
    const results = makeTempDir("conformance-results");
    try {
      const settings = {
        OCI_REGISTRY: registry.host,
        OCI_TLS: "disabled",
        OCI_REPO1: "conformance/one",
        OCI_REPO2: "conformance/two",
        OCI_VERSION: version,
        OCI_RESULTS_DIR: results,
      };
      const { code, stdout } = await runProgram(requireTool("conformance"), [], {
        cwd: results,
        env: { PATH: process.env["PATH"], ...settings },
      });
      const { rows, tests, failures, errors, skipped } = readOutcome(results);
      process.stdout.write(`OCI conformance ${version}: ${tests} results, ${failures} failures, ${errors} errors, ${skipped} skipped\n`);
      const others = [...rows].filter(([, state]) => state !== "Pass").map(([name]) => name);
      expect(others.toSorted()).toEqual(disabled[version]);
      expect([code, failures, errors]).toEqual([0, 0, 0]);
      expect(tests, stdout.slice(-2000)).toBeGreaterThan(800);
    } finally {
      await registry.close();
      removeTempDir(results);
    }
  });
});
