import type { ChartferryError, ErrorCode } from "@chartferry/core";

/** Stops a lane whose registry is not there, or does not know us, so that a million versions do not each find out. */
export interface Circuit {
  /** The failure that stopped the lane, once it is stopped. */
  readonly openedBy: ChartferryError | undefined;
  /** Why nothing more is worth asking: what stopped the lane, or a silence to the last, which would let the next question wait as long again. */
  readonly trouble: ChartferryError | undefined;
  /** How many have succeeded so far. */
  readonly served: number;
  succeeded(): void;
  /** `servedBefore`: `served` as it was when the work that failed began. */
  failed(error: ChartferryError, servedBefore: number): void;
}

/** A host that has answered before may be starting anew: it is given as much time as one whose connections break. */
function limitOf({ code, retryable }: ChartferryError): number | undefined {
  return limits[code === "connection-refused" && retryable ? "connection-lost" : code];
}

/** Failures in a row, by what they say of the whole host. Others, such as a conflict, say that the host works. */
const limits: Partial<Record<ErrorCode, number>> = {
  "host-not-found": 3,
  "connection-refused": 3,
  "proxy-refused": 3,
  tls: 3,
  "plain-http": 3,
  "redirect-refused": 3,
  "credentials-unavailable": 3,
  unauthenticated: 3,
  "read-only": 3,
  "layout-locked": 3,
  "file-unwritable": 3,
  "disk-full": 3,
  "connection-lost": 10,
  timeout: 10,
  unavailable: 10,
  "quota-exceeded": 10,
  "rate-limited": 10,
  // These may hold for one repository only.
  denied: 25,
  "denied-or-missing": 25,
  "namespace-missing": 25,
};

export function createCircuit(): Circuit {
  let openedBy: ChartferryError | undefined;
  let silence: ChartferryError | undefined;
  let [inARow, served] = [0, 0];
  return {
    get openedBy() {
      return openedBy;
    },
    get trouble() {
      return openedBy ?? silence;
    },
    get served() {
      return served;
    },
    succeeded() {
      served++;
      inARow = 0;
      silence = undefined;
    },
    failed(error, servedBefore) {
      // Who had to wait for too long while others were served speaks of a long line, not of a host that serves nobody.
      if (error.code === "rate-limited" && served > servedBefore) return;
      const limit = limitOf(error);
      inARow = limit === undefined ? 0 : inARow + 1;
      silence = error.code === "timeout" ? error : undefined;
      if (limit !== undefined && inARow >= limit) openedBy ??= error;
    },
  };
}
