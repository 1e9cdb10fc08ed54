import { fileURLToPath } from "node:url";

import { type LoggedRequest, setups, tooManyRequests } from "@chartferry/conformance/emulators";
import { describe, expect, it } from "vitest";

import { type HostedPlace, hostedPlace, repositoriesOf } from "./hosted/hosted-place.ts";
import { statusLines } from "./runs/read-report.ts";
import { type MigrateRun, reportOf, runMigrate } from "./runs/run-migrate.ts";

const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));

function totalsOf(run: MigrateRun): Readonly<Record<string, number>> {
  return Object.values(reportOf(run).totals.targets)[0] ?? {};
}

function digestsOf(run: MigrateRun): string[] {
  return reportOf(run)
    .versions.map(({ chart, version, manifestDigest }) => `${chart} ${version} ${manifestDigest}`)
    .toSorted();
}

const isUpload = ({ method, path }: LoggedRequest): boolean => method === "POST" && path.endsWith("/blobs/uploads/");

describe.each(Object.keys(setups))("a migration to %s", (name) => {
  it("brings every version to a registry with nothing in it, under Helm's digests, and has nothing to do afterwards", async () => {
    const place = await hostedPlace(name);
    const cold = await place.migrate(examples, place.creating);
    expect([cold.code, totalsOf(cold)]).toMatchObject([0, { pushed: 8 }]);
    expect(reportOf(cold).run.targets).toEqual([{ id: place.setup.target, adapter: place.setup.emulator.adapter }]);
    const layout = await runMigrate([examples, `oci-layout:${place.home}/layout`], { home: place.home });
    expect(digestsOf(cold)).toEqual(digestsOf(layout));
    const before = place.setup.emulator.log.filter(isUpload).length;
    const warm = await place.migrate(examples);
    expect([warm.code, totalsOf(warm)]).toMatchObject([0, { pushed: 0, skipped: 8 }]);
    expect(place.setup.emulator.log.filter(isUpload)).toHaveLength(before);
    const blind = await place.migrate(examples, ["--no-journal"]);
    expect([blind.code, totalsOf(blind)]).toMatchObject([0, { pushed: 0, skipped: 8 }]);
  });

  it("fails for somebody whom the registry does not know, and shows no secret", async () => {
    const place = await hostedPlace(name);
    place.setup.prepare(repositoriesOf(place));
    const { stranger, registry } = place.setup;
    const run = await place.migrate(examples, [], stranger);
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain(registry);
    const secrets = [
      ...Object.entries(stranger.environment ?? {}).flatMap(([key, value]) => (/SECRET|TOKEN|PASSWORD|API_KEY/.test(key) ? [value] : [])),
      ...Object.values(stranger.auths ?? {}).map(({ password }) => password),
    ];
    expect(secrets.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(`${run.stdout}${run.stderr}${JSON.stringify(run.report)}`).not.toContain(secret);
  });

  it("waits as long as the registry asks for (429), and then brings everything", async () => {
    const place = await hostedPlace(name);
    place.setup.emulator.faults.push({ method: "PUT", path: /\/manifests\//, answer: tooManyRequests(1), times: 2 });
    const run = await place.migrate(examples, place.creating);
    expect([run.code, totalsOf(run)]).toMatchObject([0, { pushed: 8 }]);
    const host = reportOf(run).hosts.find((each) => each.host === place.setup.registry);
    expect(host?.throttled).toBe(2);
    expect(host?.pausedMs).toBeGreaterThanOrEqual(900);
  });
});

const where = (has: (place: HostedPlace["setup"]) => boolean, missing: string, state: "usable" | "untouched" = "usable") => ({
  has,
  missing,
  state,
});

/** Runs where the registry has what the test is about; says why where it has not. */
async function placeWhere(
  name: string,
  { has, missing, state }: ReturnType<typeof where>,
  skip: (why: string) => never,
): Promise<HostedPlace> {
  const place = await hostedPlace(name, state);
  return has(place.setup) ? place : skip(`${name} ${missing}`);
}

describe.each(Object.keys(setups))("what is particular to %s", (name) => {
  const creates = where(({ creation }) => creation !== "on-push", "creates repositories on push", "untouched");
  it("names what must be created and how, where a push does not create it", async ({ skip }) => {
    const place = await placeWhere(name, creates, skip);
    const run = await place.migrate(examples);
    // A missing namespace speaks of all that goes there, a repository of itself.
    expect(run.code).toBe(reportOf(run).versions[0]?.reason === "repository-missing" ? 1 : 2);
    for (const { status, reason, message, hint } of reportOf(run).versions) {
      expect([status, reason]).toEqual(["failed", expect.stringMatching(/^(repository-missing|namespace-missing|denied-or-missing)$/)]);
      expect(message).toContain(place.setup.registry);
      if (place.setup.creation === "if-missing") expect(hint).toMatch(/create.*--create-repositories if-missing/);
    }
    expect(statusLines(reportOf(run))).toHaveLength(8);
  });

  const locks = where(({ makeImmutable }) => makeImmutable !== undefined, "has no immutable tags");
  it("leaves equal charts alone under immutable tags, and says of a changed one that its tag does not move", async ({ skip }) => {
    const place = await placeWhere(name, locks, skip);
    await place.migrate(examples, place.creating);
    place.setup.makeImmutable?.(repositoriesOf(place));
    const again = await place.migrate(examples, ["--no-journal", "--existing", "overwrite"]);
    expect([again.code, totalsOf(again)]).toMatchObject([0, { skipped: 8 }]);
    // Another date is another manifest.
    const moved = await place.migrate(examples, ["--no-journal", "--existing", "overwrite", "--created", "2024-01-01T00:00:00Z"]);
    expect(moved.code).toBe(1);
    expect(reportOf(moved).versions[0]).toMatchObject({ status: "failed", reason: "tag-immutable" });
  });

  const expires = where(({ expire }) => expire !== undefined, "has credentials that do not expire");
  it("signs in anew when the credential expires between blob and manifest, and sends no blob twice", async ({ skip }) => {
    const place = await placeWhere(name, expires, skip);
    place.setup.emulator.faults.push({ method: "PUT", path: /\/manifests\//, act: () => place.setup.expire?.() });
    const run = await place.migrate(examples, [...place.creating, "--concurrency", "1"]);
    expect([run.code, totalsOf(run)]).toMatchObject([0, { pushed: 8 }]);
  });

  const goesStale = where(({ stale }) => stale !== undefined, "has logins that do not end");
  it("passes over yesterday's login where the cloud's own credentials are good, and says so", async ({ skip }) => {
    const place = await placeWhere(name, goesStale, skip);
    const run = await place.migrate(examples, place.creating, place.setup.stale?.());
    expect([run.code, totalsOf(run)]).toMatchObject([0, { pushed: 8 }]);
    expect(run.stderr.match(/note: the credential from .*config\.json.* (?:has expired|was refused): going on with /g)).toHaveLength(1);
  });
});
