#!/usr/bin/env node
/** `npm run bench`: installs what is missing, builds, and measures; with a name, only the benchmarks whose file names contain it. */
import { join } from "node:path";

import { build, cleanEnvironment, ensureDependencies, requireNode, ROOT, run, runTool } from "./steps.mjs";

requireNode();
const isReady = ensureDependencies() && run(process.execPath, [join(ROOT, "tools", "install-real-tools.mjs")]) && build();
const names = process.argv.slice(2);
// Names first: behind an option they would be taken for its value.
const args = ["run", ...names, "--config", "test/bench/vitest.config.ts", "--reporter=verbose", "--disable-console-intercept"];
if (!isReady || !runTool("vitest/vitest.mjs", args, { env: cleanEnvironment() })) process.exitCode = 1;
