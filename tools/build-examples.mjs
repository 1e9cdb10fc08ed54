#!/usr/bin/env node
/**
 * Builds `examples/classic-repo` from `examples/chart-sources` with the pinned Helm 4 (`npm run tools`), the same bytes every time.
 * A signature that still fits its archive is kept. Where one does not, all are made anew with a fresh key (needs gpg) that is thrown
 * away: only its public half stays, as `examples/keyring.gpg`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HELM = join(ROOT, ".cache", "real", "bin", "helm4");
const SOURCES = join(ROOT, "examples", "chart-sources");
const REPOSITORY = join(ROOT, "examples", "classic-repo");
const KEYRING = join(ROOT, "examples", "keyring.gpg");
const SIGNER = "chartferry examples <examples@harbour.example>";
/** Signatures of the future do not verify: this is safely in the past on any machine. */
const SIGNED_AT = "20240601T120000";

const PACKAGE_ATTEMPTS = 50;

/** When each version was published: the index says so, and every entry of its archive carries that time. */
const published = new Map([
  ["dock-helpers", { created: "2023-03-01T08:00:00Z" }],
  ["harbour-web-1.2.0", { created: "2023-04-12T09:30:00Z", signed: true }],
  ["harbour-web-1.3.0", { created: "2023-09-30T16:45:10Z", signed: true }],
  ["tide-tables-2.0.0+spring.1", { created: "2024-03-01T06:00:00Z", signed: true }],
  ["tide-tables-2.0.0+spring.2", { created: "2024-03-15T06:00:00Z" }],
  ["old-lighthouse", { created: "2019-11-05T22:10:00Z" }],
  ["ferry-fleet", { created: "2024-04-02T11:20:30Z" }],
  ["buoy-sensor", { created: "2018-06-21T10:00:00Z" }],
]);

function main() {
  if (!existsSync(HELM)) throw new Error("the pinned Helm 4 is not there: run npm run tools first");
  const scratch = mkdtempSync(join(tmpdir(), "chartferry-examples-"));
  try {
    cpSync(SOURCES, join(scratch, "sources"), { recursive: true });
    mkdirSync(join(scratch, "built"));
    const charts = [...published].map(([folder, facts]) => ({ ...facts, ...packageChart(scratch, folder, facts) }));
    const index = writeIndex(scratch, charts);
    replaceRepository(charts, index);
    sign(
      scratch,
      charts.filter((chart) => chart.signed),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function packageChart(scratch, folder, { created }) {
  const chart = join(scratch, "sources", folder);
  const options = { scratch, env: { SOURCE_DATE_EPOCH: String(Date.parse(created) / 1000) } };
  const hasDependencies =
    /^dependencies:/mu.test(readFileSync(join(chart, "Chart.yaml"), "utf8")) || existsSync(join(chart, "requirements.yaml"));
  if (hasDependencies) updateDependencies(chart, created, options);
  for (let attempt = 0; attempt < PACKAGE_ATTEMPTS; attempt += 1) {
    const output = helm(["package", chart, "-d", join(scratch, "built")], options);
    const path = /saved it to: (.+)$/mu.exec(output)?.[1];
    if (!path) throw new Error(`helm package did not say where: ${output}`);
    if (hasSortedSubCharts(path)) return { path, file: path.slice(join(scratch, "built").length + 1) };
  }
  throw new Error(`helm never packed the sub-charts of ${folder} in alphabetical order`);
}

/** Helm packs sub-charts in random order: one order is kept, so that the bytes are the same every time. */
function hasSortedSubCharts(archive) {
  const names = run("tar", ["-tzf", archive], { env: { PATH: process.env.PATH } }).split("\n");
  const subCharts = names.map((name) => /^[^/]+\/charts\/([^/]+)\//u.exec(name)?.[1]).filter(Boolean);
  return subCharts.every((name, index) => index === 0 || subCharts[index - 1] <= name);
}

/** Helm ignores the given time in the lock file of an apiVersion v1 chart. */
function updateDependencies(chart, created, options) {
  helm(["dependency", "update", chart], options);
  const lock = join(chart, "requirements.lock");
  if (existsSync(lock)) writeFileSync(lock, readFileSync(lock, "utf8").replace(/^generated: .*/mu, `generated: "${created}"`));
}

/** Helm dates every entry with the current time; the dates above go in instead. */
function writeIndex(scratch, charts) {
  const built = join(scratch, "built");
  helm(["repo", "index", built], { scratch, env: {} });
  const entries = readFileSync(join(built, "index.yaml"), "utf8").split(/^(?= {2}- )/mu);
  const dated = entries.map((entry) => {
    const chart = charts.find(({ file }) => entry.includes(`- ${file}\n`));
    return chart ? entry.replace(/created: .*/u, `created: "${chart.created}"`) : entry;
  });
  const newest = charts
    .map(({ created }) => created)
    .toSorted()
    .at(-1);
  return dated.join("").replace(/^generated: .*/mu, `generated: "${newest}"`);
}

function replaceRepository(charts, index) {
  mkdirSync(REPOSITORY, { recursive: true });
  const wanted = new Set(charts.flatMap(({ file, signed }) => (signed ? [file, `${file}.prov`] : [file])));
  for (const file of readdirSync(REPOSITORY)) if (!wanted.has(file)) rmSync(join(REPOSITORY, file));
  for (const { path, file } of charts) copyFileSync(path, join(REPOSITORY, file));
  writeFileSync(join(REPOSITORY, "index.yaml"), index);
}

function sign(scratch, charts) {
  const stale = charts.filter((chart) => !isSigned(chart));
  if (stale.length === 0) return console.log("every signature fits: kept");
  const home = join(scratch, "gnupg");
  mkdirSync(home, { mode: 0o700 });
  gpg(home, ["--passphrase", "", "--quick-generate-key", SIGNER, "rsa3072", "sign", "never"]);
  const secretRing = join(scratch, "secret.gpg");
  writeFileSync(secretRing, gpg(home, ["--export-secret-keys"]), { mode: 0o600 });
  writeFileSync(KEYRING, gpg(home, ["--export"]));
  for (const chart of charts) writeFileSync(join(REPOSITORY, `${chart.file}.prov`), provenanceOf(chart, { scratch, home, secretRing }));
  spawnSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  console.log(`signed ${charts.length} charts with a new key; the secret half is gone`);
}

function isSigned({ file, path }) {
  const provenance = join(REPOSITORY, `${file}.prov`);
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  return existsSync(KEYRING) && existsSync(provenance) && readFileSync(provenance, "utf8").includes(`sha256:${digest}`);
}

/** The text is Helm's, taken out of a signature that Helm made; gpg signs it again because only gpg can sign at a given time. */
function provenanceOf({ path, file }, { scratch, home, secretRing }) {
  const folder = join(scratch, "resign");
  mkdirSync(folder, { recursive: true });
  const unpacked = spawnSync("tar", ["-xzf", path, "-C", folder]);
  if (unpacked.status !== 0) throw new Error(`tar: ${unpacked.stderr.toString()}`);
  const env = { SOURCE_DATE_EPOCH: String(Date.parse(published.get(file.slice(0, -".tgz".length)).created) / 1000) };
  const chart = join(folder, readdirSync(folder)[0]);
  helm(["package", chart, "-d", folder, "--sign", "--key", SIGNER, "--keyring", secretRing], { scratch, env });
  const text = readFileSync(join(folder, `${file}.prov`), "utf8")
    .split("\n\n")
    .slice(1)
    .join("\n\n")
    .split("\n-----BEGIN PGP SIGNATURE")[0];
  rmSync(folder, { recursive: true });
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  // What stands in a signed message has its dashes escaped; gpg escapes them again.
  const corrected = text.replace(/^- /gmu, "").replace(/sha256:[0-9a-f]{64}/u, `sha256:${digest}`);
  return gpg(home, ["--digest-algo", "SHA512", "--clearsign"], corrected);
}

function helm(args, { scratch, env }) {
  const homes = { HELM_CACHE_HOME: join(scratch, "helm"), HELM_CONFIG_HOME: join(scratch, "helm"), HELM_DATA_HOME: join(scratch, "helm") };
  return run(HELM, args, { env: { PATH: process.env.PATH, HOME: scratch, TZ: "UTC", ...homes, ...env } });
}

function gpg(home, args, input = "") {
  return run("gpg", ["--homedir", home, "--batch", "--quiet", "--yes", "--faked-system-time", `${SIGNED_AT}!`, ...args], {
    env: { PATH: process.env.PATH },
    input,
  });
}

function run(program, args, options) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { ...options, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${error?.message ?? stderr}`);
  return stdout;
}

main();
