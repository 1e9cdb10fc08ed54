#!/usr/bin/env node
/** `npm run check`: everything that can be said about the code without running it. All checks run; the list at the end says which failed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { checkLockFile } from "./check-lock-file.mjs";
import { checkText } from "./check-text.mjs";
import { build, ensureDependencies, requireNode, ROOT, runTool } from "./steps.mjs";

const checks = [
  { title: "lint (type-aware)", check: () => runTool("oxlint/bin/oxlint", ["--type-aware", "--deny-warnings"]) },
  { title: "format", check: () => runTool("oxfmt/bin/oxfmt", ["--check"]) },
  { title: "types", check: () => runTool("typescript/bin/tsc", ["--noEmit"]) },
  { title: "dead code and undeclared imports", check: () => runTool("knip/bin/knip.js", ["--no-progress"]) },
  { title: "build", check: build },
  { title: "packages as published", check: checkPackages },
  { title: "lock file", check: checkLockFile },
  { title: "no machine paths, no package hosts", check: checkText },
];

function main() {
  requireNode();
  if (!ensureDependencies()) process.exit(1);
  const results = checks.map(({ title, check }) => {
    const start = performance.now();
    const passed = check();
    return { title, passed, seconds: ((performance.now() - start) / 1000).toFixed(1) };
  });
  console.log("");
  for (const { title, passed, seconds } of results) console.log(`${passed ? "ok    " : "FAILED"} ${title} (${seconds} s)`);
  if (results.some(({ passed }) => !passed)) process.exitCode = 1;
}

/** publint, for whatever is not private. */
function checkPackages() {
  const folders = readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name));
  const published = folders.filter((folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).private !== true);
  return published.map((folder) => runTool("publint/src/cli.js", [folder, "--strict"])).every(Boolean);
}

main();
