import type { ChartferryError, ErrorCode } from "@chartferry/core";

/** Stops a lane whose registry is not there, or does not know us, so that a million versions do not each find out. */
export interface Circuit {
  /** The failure that stopped the lane, once it is stopped. */
  readonly openedBy: ChartferryError | undefined;
  /** Why nothing more is worth asking: what stopped the lane, or a silence to the last, which would let the next question wait as long again. */
  readonly trouble: ChartferryError | undefined;
  /** The failure that stopped one repository, while others may be served. */
  stoppedFor(repository: string): ChartferryError | undefined;
  /** How many have succeeded so far. */
  readonly served: number;
  succeeded(): void;
  failed(error: ChartferryError, work: FailedWork): void;
}

export interface FailedWork {
  readonly repository: string;
  /** `served` as it was when the work that failed began. */
  readonly servedBefore: number;
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

/** A registry may answer so for one repository for ever and serve all others: the versions of a chart come one after another. */
const ofOneRepository: ReadonlySet<ErrorCode> = new Set(["unavailable", "rate-limited"]);
/** Such failures speak of the host once they are about so many repositories. */
const fewRepositories = 3;

/** Failures in a row. */
interface Row {
  length: number;
  /** At least one of them says something of the host, whatever its repository is. */
  isOfHost: boolean;
  readonly repositories: Set<string>;
}

function newRow(): Row {
  return { length: 0, isOfHost: false, repositories: new Set() };
}

function extend(row: Row, code: ErrorCode, repository: string): number {
  row.isOfHost ||= !ofOneRepository.has(code);
  if (row.repositories.size < fewRepositories) row.repositories.add(repository);
  return ++row.length;
}

export function createCircuit(): Circuit {
  const stopped = new Map<string, ChartferryError>();
  let openedBy: ChartferryError | undefined;
  let silence: ChartferryError | undefined;
  let [row, served] = [newRow(), 0];
  return {
    get openedBy() {
      return openedBy;
    },
    get trouble() {
      return openedBy ?? silence;
    },
    stoppedFor: (repository) => stopped.get(repository),
    get served() {
      return served;
    },
    succeeded() {
      served++;
      row = newRow();
      silence = undefined;
    },
    failed(error, { repository, servedBefore }) {
      const { code } = error;
      const limit = limitOf(error);
      // Who had to wait for too long while others were served speaks of a long line, not of a host that serves nobody.
      if (code === "rate-limited" && served > servedBefore) return;
      silence = code === "timeout" ? error : undefined;
      if (limit === undefined) row = newRow();
      else if (extend(row, code, repository) < limit) return;
      else if (row.isOfHost || row.repositories.size >= fewRepositories) openedBy ??= error;
      else stopped.set(repository, error);
    },
  };
}
