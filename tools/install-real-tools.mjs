#!/usr/bin/env node
/**
 * Puts the real servers and clients that the tests talk to into `.cache/real/bin` (git ignores it).
 * Pinned in real-tools.json; what is there with the right pin is left alone. What cannot be had is said, with the reason, and is no failure:
 * the tests that need it are then skipped loudly, and `.ci/run` decides which of those skips it accepts.
 */
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REAL = join(ROOT, ".cache", "real");
const BIN = join(REAL, "bin");
const STAMPS = join(REAL, "stamps");
/** A cold build of Helm takes about a minute and a half on two cores; a hanging download must still end. */
const BUILD_LIMIT_MS = 15 * 60_000;
const LAST_LINES_OF_OUTPUT = 12;

const pins = JSON.parse(readFileSync(new URL("real-tools.json", import.meta.url), "utf8"));

function main() {
  mkdirSync(BIN, { recursive: true });
  mkdirSync(STAMPS, { recursive: true });
  const rows = [...installGoTools(), ...pins.apt.map(installFromApt), ...pins.pip.map(installFromPip), ...pins.found.map(lookFor)];
  printTable(rows);
  const missing = rows.filter(({ state }) => state === "MISSING");
  for (const { name, what, detail } of missing) console.log(`MISSING ${name} (${what}): ${detail}`);
  if (missing.length > 0) console.log("Tests that need these are skipped, and say so.");
}

function installGoTools() {
  const go = findProgram("go");
  return pins.go.map((tool) => {
    if (isInstalled(tool, goStamp(tool))) return row(tool, "present", tool.version);
    if (!go) return row(tool, "MISSING", "Go is not installed (no `go` on PATH), and it is built from its Go module");
    return timed(tool, () => buildWithGo(go, tool));
  });
}

/** One at a time and into a folder of its own: two tools are called `registry`, three are called `helm`. */
function buildWithGo(go, tool) {
  const scratch = join(REAL, `build-${tool.name}-${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  const link = ["-trimpath", `-ldflags=-s -w ${tool.linkerFlags ?? ""}`.trim()];
  // A compiler of another version must not be fetched, and a user's own build flags must not reach this.
  const environment = { ...process.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOBIN: scratch };
  const options = { cwd: scratch, env: environment };
  try {
    const result = tool.scratchModule
      ? buildInScratchModule(go, tool, { ...options, link })
      : run(go, ["install", ...link, `${tool.package}@${tool.version}`], options);
    if (result.problem) return { problem: `go: ${result.problem}` };
    const built = readdirSync(scratch).find((name) => !name.startsWith("go."));
    if (!built) return { problem: "go reported success and left no program" };
    place(join(scratch, built), tool.name, goStamp(tool));
    return { detail: tool.version };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** For modules that `go install` refuses: a module of our own that requires the pinned version. */
function buildInScratchModule(go, tool, { link, ...options }) {
  writeFileSync(join(options.cwd, "go.mod"), `module scratch\n\ngo 1.24\n\nrequire ${tool.scratchModule} ${tool.version}\n`);
  return run(go, ["build", "-mod=mod", ...link, "-o", join(options.cwd, tool.name), tool.package], options);
}

/** The package is unpacked, never installed: no service starts and nothing outside `.cache` changes. */
function installFromApt(tool) {
  const stamp = `apt ${tool.package} ${tool.version}`;
  if (isInstalled(tool, stamp)) return row(tool, "present", `${tool.version}x`);
  if (!findProgram("apt-get") || !findProgram("dpkg"))
    return row(tool, "MISSING", "it comes as a Debian package, and there is no apt-get here");
  return timed(tool, () => unpackFromApt(tool, stamp));
}

function unpackFromApt(tool, stamp) {
  const folder = join(REAL, `debian-${process.pid}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  try {
    const wanted = aptCandidate(tool) ?? (isRoot() ? updateAndFind(tool) : undefined);
    if (!wanted) return { problem: `apt offers no ${tool.package} ${tool.version}x${isRoot() ? "" : " (apt-get update needs root)"}` };
    const download = run("apt-get", ["download", `${tool.package}=${wanted}`], { cwd: folder, env: process.env });
    if (download.problem) return { problem: `apt-get download: ${download.problem}` };
    const archive = readdirSync(folder).find((name) => name.endsWith(".deb"));
    const unpack = run("dpkg", ["-x", join(folder, archive), join(folder, "tree")], { cwd: folder, env: process.env });
    if (unpack.problem) return { problem: `dpkg: ${unpack.problem}` };
    place(join(folder, "tree", tool.file), tool.name, stamp);
    return { detail: wanted };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function aptCandidate(tool) {
  const { stdout } = spawnSync("apt-cache", ["madison", tool.package], { encoding: "utf8" });
  const versions = (stdout ?? "").split("\n").map((line) => line.split("|")[1]?.trim());
  return versions.find((version) => version?.startsWith(tool.version));
}

function updateAndFind(tool) {
  run("apt-get", ["update", "-qq"], { cwd: REAL, env: process.env });
  return aptCandidate(tool);
}

/** Into a folder of its own: nothing of the machine's Python changes, and the program is a line that starts it from there. */
function installFromPip(tool) {
  const stamp = `pip ${tool.package} ${tool.version}`;
  const folder = join(REAL, `python-${tool.name}-${tool.version}`);
  if (isInstalled(tool, stamp) && existsSync(folder)) return row(tool, "present", tool.version);
  const python = findProgram("python3");
  if (!python) return row(tool, "MISSING", "it is a package of Python, and there is no python3 on PATH");
  return timed(tool, () => {
    const wanted = `${tool.package}==${tool.version}`;
    const result = run(python, ["-m", "pip", "install", "--quiet", "--no-input", "--upgrade", "--target", folder, wanted], {
      cwd: REAL,
      env: process.env,
    });
    if (result.problem) return { problem: `pip: ${result.problem}` };
    const starter = join(REAL, `${tool.name}-${process.pid}`);
    writeFileSync(starter, `#!/bin/sh\nPYTHONPATH='${folder}' exec '${python}' -m ${tool.module} "$@"\n`);
    place(starter, tool.name, stamp);
    rmSync(starter);
    return { detail: tool.version };
  });
}

function lookFor(tool) {
  const named = process.env[tool.variable];
  if (named && !isExecutable(named)) return row(tool, "MISSING", `${tool.variable} names ${named}, which is no program`);
  const path = named ?? findProgram(tool.name);
  return path ? row(tool, "present", path) : row(tool, "MISSING", `it is only looked for, never installed: ${tool.advice}`);
}

function timed(tool, install) {
  const start = performance.now();
  console.log(`installing ${tool.name} (${tool.what} ${tool.version}) …`);
  const { problem, detail } = install();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return problem ? row(tool, "MISSING", problem) : row(tool, "installed", `${detail} in ${seconds} s`);
}

function run(program, args, { cwd, env }) {
  const result = spawnSync(program, args, { cwd, env, encoding: "utf8", timeout: BUILD_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 });
  if (result.status === 0) return {};
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`.trim().split("\n").slice(-LAST_LINES_OF_OUTPUT).join("\n    ");
  return { problem: result.error?.message ?? (output || `ended with ${result.status ?? result.signal}`) };
}

/** Renamed into place, so that a test running at the same time never sees half a program. */
function place(from, name, stamp) {
  const target = join(BIN, name);
  const arriving = `${target}.${process.pid}.new`;
  copyFileSync(from, arriving);
  chmodSync(arriving, 0o755);
  renameSync(arriving, target);
  writeFileSync(join(STAMPS, name), stamp);
}

function isInstalled(tool, stamp) {
  const stampFile = join(STAMPS, tool.name);
  return isExecutable(join(BIN, tool.name)) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp;
}

function goStamp(tool) {
  return `${tool.package}@${tool.version} ${process.platform}-${process.arch} ${tool.linkerFlags ?? ""}`.trim();
}

function findProgram(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isRoot() {
  return process.getuid?.() === 0;
}

function row({ name, what }, state, detail) {
  return { name, what, state, detail };
}

function printTable(rows) {
  console.log("\nReal programs for the tests (.cache/real/bin):");
  for (const { name, what, state, detail } of rows) {
    console.log(`  ${name.padEnd(16)} ${what.padEnd(34)} ${state.padEnd(10)} ${state === "MISSING" ? "" : detail}`.trimEnd());
  }
}

main();
