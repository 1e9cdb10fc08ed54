import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { ErrorCode } from "@chartferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type FaultName, faults } from "./faults/faults.ts";
import { findDamage } from "./faults/find-damage.ts";
import { namespace } from "./faults/migrate-once.ts";
import { prepareSurroundings } from "./faults/prepare-surroundings.ts";
import { kindFacts, type RequestKind } from "./faults/request-kinds.ts";
import { startWorld, type World } from "./faults/start-world.ts";
import { expectFailure } from "./runs/expect-failure.ts";
import { type MigrateRun, runMigrate } from "./runs/run-migrate.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { testUser } from "./support/test-user.ts";

const folder = makeTempDir("fault-programs");
let surroundings: Awaited<ReturnType<typeof prepareSurroundings>>;
beforeAll(async () => {
  surroundings = await prepareSurroundings(folder);
});
afterAll(async () => {
  await surroundings.stop();
  removeTempDir(folder);
});

interface Trouble {
  readonly kind: RequestKind;
  readonly fault: FaultName;
  readonly lasting: boolean;
}

let runs = 0;

/** The built program, as somebody would call it, in real time. */
async function migrateThrough({ kind, fault, lasting }: Trouble, look: (run: MigrateRun, world: World) => Promise<void>): Promise<void> {
  const home = join(folder, `home-${(runs += 1)}`);
  mkdirSync(home);
  const { place } = kindFacts[kind];
  const world = await startWorld({ folder: home, source: surroundings.source, place, tls: undefined });
  try {
    world.proxies[place].arm([{ kind, fault: faults[fault], lasting }]);
    const ends = [`${world.proxies.source.url}/charts`, `oci://${world.proxies.registry.host}/${namespace}`];
    const signIn = ["--username", testUser.username, "--password-stdin"];
    await look(await runMigrate([...ends, ...signIn], { home, stdin: testUser.password }), world);
  } finally {
    await world.stop();
  }
}

describe("the program through a fault", () => {
  it.each<Trouble>([
    { kind: "put-manifest", fault: "reset-middle", lasting: false },
    { kind: "list-tags", fault: "truncated", lasting: false },
    { kind: "token", fault: "retry-after", lasting: false },
  ])("ends with 0 where it passes: $kind, $fault", async (trouble) => {
    await migrateThrough(trouble, async ({ code, stderr, report }, world) => {
      expect({ code, stderr, status: report?.versions[0]?.status }).toMatchObject({ code: 0, status: "pushed" });
      const manifestDigest = report?.versions[0]?.manifestDigest;
      expect(await findDamage(world, { code: undefined, message: "", manifestDigest }, surroundings.expected)).toEqual({
        isUnsigned: false,
        damage: [],
      });
    });
  });

  it.each<Trouble & { readonly code: ErrorCode; readonly exit: 1 | 2 }>([
    { kind: "put-manifest", fault: "html", lasting: true, code: "protocol-violation", exit: 2 },
    { kind: "put-blob", fault: "redirect-other", lasting: true, code: "redirect-refused", exit: 2 },
    { kind: "get-chart", fault: "html", lasting: true, code: "digest-mismatch", exit: 1 },
    { kind: "put-manifest", fault: "wrong-digest", lasting: true, code: "digest-mismatch", exit: 1 },
  ])("ends with $exit and $code where it stays: $kind, $fault", async ({ code: reason, exit, ...trouble }) => {
    await migrateThrough(trouble, async (run, world) => {
      expectFailure(run, { code: exit, reason, says: ["harbour 1.2.3"] });
      expect(run.report?.versions[0]?.reason).toBe(reason);
      const outcome = { code: reason, message: "", manifestDigest: undefined };
      expect((await findDamage(world, outcome, surroundings.expected)).damage).toEqual([]);
    });
  });

  it("ends with 2 where nothing can be read", async () => {
    await migrateThrough({ kind: "get-index", fault: "garbage", lasting: true }, async (run) => {
      expectFailure(run, { code: 2, reason: "protocol-violation", says: ["does not answer as an http server should"] });
      expect(run.report).toBeUndefined();
    });
  });
});
