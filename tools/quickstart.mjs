#!/usr/bin/env node
/**
 * `npm run quickstart`: from a bare clone to a migrated repository. Everything it makes stays below `quickstart-registry` and
 * `.cache/quickstart`, and a second run finds it there.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative, resolve } from "node:path";

import { build, cleanEnvironment, ensureDependencies, requireNode, ROOT } from "./steps.mjs";

const CHARTFERRY = join(ROOT, "packages", "migrate-cli", "dist", "main.js");
/** Another folder as the only argument keeps everything in there, for tests. */
const [, , elsewhere] = process.argv;
const REGISTRY = elsewhere ? join(resolve(elsewhere), "registry") : join(ROOT, "quickstart-registry");
const OWN = elsewhere ? resolve(elsewhere) : join(ROOT, ".cache", "quickstart");
const PULLED = join(OWN, "pulled");
const SOURCE = join("examples", "classic-repo");
const PULLED_CHART = { name: "harbour-web", version: "1.3.0" };
const USUAL_PORT = 5780;
const READY_LIMIT_MS = 15_000;

async function main() {
  requireNode();
  if (!ensureDependencies()) throw new Error("npm ci failed");
  console.log("building …");
  if (!build()) throw new Error("the build failed");
  mkdirSync(OWN, { recursive: true });

  const port = await findPort();
  const target = `oci://127.0.0.1:${port}/charts`;
  const server = spawn(process.execPath, [CHARTFERRY, "serve", REGISTRY, "--port", String(port)], {
    cwd: ROOT,
    env: cleanEnvironment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  process.once("exit", () => server.kill());
  try {
    await waitUntilReady(server, port);
    show(`The embedded registry listens on 127.0.0.1:${port} and keeps its data in ${shown(REGISTRY)}.`);
    migrate(target);
    pullBack(target);
    tellWhatIsNext();
  } finally {
    await stop(server);
  }
}

function migrate(target) {
  const own = ["--journal", shown(join(OWN, "journal.jsonl")), "--report", shown(join(OWN, "report.json"))];
  chartferry(["migrate", SOURCE, target, ...own]);
  const { totals } = JSON.parse(readFileSync(join(OWN, "report.json"), "utf8"));
  const [{ pushed, skipped }] = Object.values(totals.targets);
  show(
    `Every version of ${SOURCE} now stands in the registry (${pushed} pushed, ${skipped} there before); the report is ${shown(join(OWN, "report.json"))}.`,
  );
}

function pullBack(target) {
  const { name, version } = PULLED_CHART;
  rmSync(PULLED, { recursive: true, force: true });
  mkdirSync(PULLED, { recursive: true });
  chartferry(["pull", `${target}/${name}`, "--version", version, "-d", shown(PULLED)]);
  const file = `${name}-${version}.tgz`;
  if (!readFileSync(join(PULLED, file)).equals(readFileSync(join(ROOT, SOURCE, file))))
    throw new Error(`${file} came back with other bytes`);
  show(`${file} came back from the registry, byte for byte the file in ${SOURCE}.`);
}

function tellWhatIsNext() {
  const target = `oci://127.0.0.1:${USUAL_PORT}/charts`;
  const program = `node ${shown(CHARTFERRY)}`;
  show(`What to try next (the registry has stopped; its data stays in ${shown(REGISTRY)}):

  serve it again     ${program} serve ${shown(REGISTRY)} --port ${USUAL_PORT}
  pull with Helm     helm pull ${target}/harbour-web --version 1.3.0 --plain-http
  … and verify       helm pull ${target}/harbour-web --version 1.3.0 --plain-http --verify --keyring examples/keyring.gpg
  migrate your own   ${program} migrate https://charts.example.com ${target}
  run this again     npm run quickstart        (nothing is pushed a second time)
  start over         rm -r ${shown(REGISTRY)}`);
}

/** Runs the command line as a user would, its output shown; throws when it fails. */
function chartferry(args) {
  console.log(`\n$ chartferry ${args.join(" ")}`);
  const { status, signal } = spawnSync(process.execPath, [CHARTFERRY, ...args], { cwd: ROOT, env: cleanEnvironment(), stdio: "inherit" });
  if (status !== 0) throw new Error(`chartferry ${args[0]} ended with ${status ?? signal}`);
}

/** The usual port where it is free, else any. */
async function findPort() {
  return (await tryPort(USUAL_PORT)) ?? (await tryPort(0));
}

function tryPort(port) {
  return new Promise((settle) => {
    const probe = createServer();
    probe.once("error", () => settle(undefined));
    probe.listen(port, "127.0.0.1", () => {
      const { port: found } = probe.address();
      probe.close(() => settle(found));
    });
  });
}

async function waitUntilReady(server, port) {
  const limit = performance.now() + READY_LIMIT_MS;
  while (performance.now() < limit) {
    if (server.exitCode !== null) throw new Error(`chartferry serve ended with ${server.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`chartferry serve did not answer on 127.0.0.1:${port}`);
}

async function stop(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((done) => server.once("exit", done));
  server.kill("SIGTERM");
  await ended;
}

/** As a user in the root of the repository would write it. */
function shown(path) {
  const short = relative(ROOT, path);
  return short.startsWith("..") ? path : short;
}

function show(text) {
  console.log(`\n${text}`);
}

main().catch((error) => {
  console.error(`\nquickstart: FAILED, ${error.message}`);
  process.exitCode = 1;
});
