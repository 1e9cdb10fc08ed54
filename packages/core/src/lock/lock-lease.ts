import { renewRecord, type FoundLock } from "./lock-record.ts";
import { stateOf, type OwnerState, type ProcessIdentity } from "./process-identity.ts";

/** Time as an argument. */
export interface LeaseTime {
  /** Milliseconds since 1970. */
  now(): number;
  /** Does something again and again, until the returned function is called. */
  every(milliseconds: number, action: () => void): () => void;
}

export const systemLeaseTime: LeaseTime = {
  now: () => Date.now(),
  every(milliseconds, action) {
    // A lock keeps no process alive.
    const timer = setInterval(action, milliseconds).unref();
    return () => clearInterval(timer);
  },
};

/** Milliseconds after which an owner that nobody can look at is taken for gone … */
export const leaseMs = 60_000;
/** … and between its renewals: a few may fail, or wait while the process is busy. */
const renewalMs = 10_000;

/** How far the lease of an owner has run out that cannot be looked at; in milliseconds. */
export interface Lease {
  /** Since the last renewal. */
  readonly unrenewed: number;
  /** Of `unrenewed`: from then on the lock may be taken over. */
  readonly limit: number;
}

/** `undefined` where nobody renews the lock, or by the clock of another kernel. */
export function leaseOf({ record, renewed }: FoundLock, self: ProcessIdentity, now: number): Lease | undefined {
  if (record.lease === undefined || record.boot === "" || record.boot !== self.boot) return undefined;
  return { unrenewed: Math.max(0, now - renewed), limit: record.lease };
}

/** What is known of the owner. `lapsed`: it cannot be looked at, and its lease has run out; it may only have been stopped, and go on later. */
export async function judgeOwner(found: FoundLock, self: ProcessIdentity, now: number): Promise<OwnerState | "lapsed"> {
  const state = await stateOf(found.record, self);
  if (state === "alive" || state === "dead") return state;
  const lease = leaseOf(found, self, now);
  return lease !== undefined && lease.unrenewed > lease.limit ? "lapsed" : state;
}

/** Renews the lock until the returned function is called, or another one stands in its place. A renewal that fails is made up for by the next. */
export function keepLease(path: string, id: string, time: LeaseTime): () => void {
  let underWay = false;
  const stop = time.every(renewalMs, () => {
    // A file system that hangs gets one of them, not all threads.
    if (underWay) return;
    underWay = true;
    void renewRecord(path, id, time.now())
      .then(
        (held) => void (held || stop()),
        () => {},
      )
      .finally(() => (underWay = false));
  });
  return stop;
}

/** For messages. */
export function sayLease(lease: Lease | undefined): string {
  if (lease === undefined) return "";
  const [ago, limit] = [Math.floor(lease.unrenewed / 1000), Math.round(lease.limit / 1000)];
  return `; its lock was renewed ${ago} s ago, and is taken over when that is more than ${limit} s ago`;
}
