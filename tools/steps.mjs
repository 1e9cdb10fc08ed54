/** What the scripts here share: run a program visibly, and know whether the dependencies are installed. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** No calls home, no network: what turbo caches stays here. */
const QUIET_TURBO = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };

/** Settings of the person who runs the tests that would change what the tests see. */
const PERSONAL = /^(https?_proxy|all_proxy|no_proxy|docker_.*|helm_.*|source_date_epoch|registry_auth_file)$/iu;

/** The environment without what makes a run depend on whose machine it is. */
export function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !PERSONAL.test(name)));
}

/** Runs a program with its output shown; true when it ends with 0. */
export function run(program, args, { env = process.env } = {}) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, env, stdio: "inherit" });
  if (error) console.error(`${program}: ${error.message}`);
  return status === 0;
}

/** Runs a program of node_modules with the Node that runs this. */
export function runTool(modulePath, args, options) {
  return run(process.execPath, [join(ROOT, "node_modules", modulePath), ...args], options);
}

/** Compiles every package whose sources changed; what turbo says is shown only when it fails. */
export function build() {
  const turbo = join(ROOT, "node_modules", "turbo", "bin", "turbo");
  const args = [turbo, "run", "build", "--ui=stream", "--output-logs=errors-only", "--cache=local:rw"];
  const options = { cwd: ROOT, env: { ...process.env, ...QUIET_TURBO }, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 };
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, options);
  if (status !== 0) console.error(error?.message ?? `${stdout}${stderr}`);
  return status === 0;
}

/** `npm ci`, unless what the lock names is installed already. */
export function ensureDependencies() {
  if (hasDependencies()) return true;
  console.log("installing dependencies (npm ci) …");
  return run("npm", ["ci", "--no-audit", "--no-fund"]);
}

/** Compares contents and not times: a fresh checkout makes every file new. */
function hasDependencies() {
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const there = new Map(externalPackages(installed));
  const wanted = externalPackages(join(ROOT, "package-lock.json"));
  // Packages for other platforms are in the lock and not in the folder.
  return wanted.every(([path, { version, optional }]) => there.get(path)?.version === version || (optional === true && !there.has(path)));
}

function externalPackages(lockFile) {
  return Object.entries(JSON.parse(readFileSync(lockFile, "utf8")).packages).filter(
    ([path, { link }]) => path.includes("node_modules/") && !link,
  );
}

/** Ends the script when this Node is too old to run what is here. */
export function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`chartferry needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(2);
}
