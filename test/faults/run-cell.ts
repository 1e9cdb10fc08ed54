import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { TestCertificates } from "../servers/make-certificates.ts";
import { faults, type Fault, type FaultName } from "./faults.ts";
import { type Expected, findDamage } from "./find-damage.ts";
import { migrateOnce, type MigrationSetup, type Outcome } from "./migrate-once.ts";
import { kindFacts, type RequestKind } from "./request-kinds.ts";
import type { Trouble } from "./start-fault-proxy.ts";
import { countRequests, openSockets, startWorld, type World } from "./start-world.ts";

/** One request, one fault, once or whenever the request is made. */
export interface Cell {
  readonly kind: RequestKind;
  /** `undefined` = nothing goes wrong. */
  readonly fault: FaultName | undefined;
  readonly lasting: boolean;
}

export interface CellResult extends Cell, Outcome {
  /** The chart stands there without its provenance. */
  readonly isUnsigned: boolean;
  readonly requests: number;
  /** How often the fault came about. */
  readonly inflicted: number;
  /** What is wrong with the content, the connections or the passwords afterwards. */
  readonly damage: readonly string[];
}

export interface Surroundings {
  /** `http://127.0.0.1:PORT` of a classic repository with one version. */
  readonly source: string;
  readonly expected: Expected;
  readonly certificates: TestCertificates;
  readonly folder: string;
}

/** A run that has not ended by then hangs. Milliseconds. */
const boundMs = 90_000;
/** How long faults that fall silent are waited for. Milliseconds. */
const shortPatience = 2500;

/** One migration with one fault. */
export async function runCell(cell: Cell, surroundings: Surroundings): Promise<CellResult> {
  const fault: Fault | undefined = cell.fault && faults[cell.fault];
  const { place } = kindFacts[cell.kind];
  const folder = join(surroundings.folder, `cell-${(cells += 1)}`);
  mkdirSync(folder);
  const tls = fault?.overTls === true ? surroundings.certificates : undefined;
  const world = await startWorld({ folder, source: surroundings.source, place, tls });
  try {
    const setup = setupFor(cell);
    if (setup.stands) await migrateOnce(world, { ...setup, patienceMs: boundMs });
    const trouble = fault && { kind: cell.kind, fault, lasting: cell.lasting };
    for (const proxy of Object.values(world.proxies)) proxy.arm([]);
    world.proxies[place].arm([...(cell.kind === "head-blob" ? [firstUploadFails] : []), ...(trouble === undefined ? [] : [trouble])]);
    const outcome = await withinBound(migrateOnce(world, setup));
    const requests = countRequests(world);
    const { isUnsigned, damage } = await findDamage(world, outcome, surroundings.expected);
    const leaks = await findLeaks(world);
    return {
      ...cell,
      ...outcome,
      isUnsigned,
      requests,
      inflicted: trouble === undefined ? 0 : world.proxies[place].inflicted(trouble),
      damage: [...damage, ...leaks],
    };
  } finally {
    await world.stop();
  }
}

let cells = 0;

/** A blob is asked for before it is sent again; and before it is sent at all if it is large, which takes its time. */
const firstUploadFails: Trouble = { kind: "put-blob", fault: faults["status-500"], lasting: false };

/** How a run comes to make this request at all; `stands`: the version is there from an earlier run. */
function setupFor({ kind, fault }: Cell): MigrationSetup & { readonly stands: boolean } {
  const adapters: Partial<Record<RequestKind, string | undefined>> = { ping: undefined, "post-blob": "generic" };
  return {
    adapter: kind in adapters ? adapters[kind] : "distribution",
    journal: kind === "head-manifest",
    stands: ["head-manifest", "get-manifest", "list-tags"].includes(kind),
    patienceMs: isSilent(fault) ? shortPatience : boundMs * 2,
  };
}

/** Only patience ends such a fault. */
export function isSilent(fault: FaultName | undefined): boolean {
  return fault === "silence" || fault === "stall" || fault === "drip";
}

async function withinBound(running: Promise<Outcome>): Promise<Outcome> {
  const over = new AbortController();
  const bound = delay(boundMs, { code: "hangs", message: `no end after ${boundMs} ms`, manifestDigest: undefined }, over);
  running.catch(() => undefined);
  return Promise.race([running, bound]).finally(() => over.abort());
}

/** Connections that are still open though everything is closed, and passwords where they do not belong. */
async function findLeaks(world: World): Promise<string[]> {
  for (let wait = 0; wait < 100 && openSockets(world) > 0; wait++) await delay(20);
  const leaks = openSockets(world) === 0 ? [] : [`${openSockets(world)} connections are still open`];
  const strangers = world.elsewhere.requests.filter(({ authorization }) => authorization !== undefined);
  return strangers.length === 0 ? leaks : [...leaks, `another host was shown an Authorization with ${strangers[0]?.path}`];
}
