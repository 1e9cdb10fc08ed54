import type { ErrorCode } from "../errors.ts";

/** What is done about a fault: the same request again, the whole begun anew, gone on where it broke off, or nothing. */
export type Remedy = "again" | "anew" | "on" | "none";

export interface Repeat {
  readonly remedy: Remedy;
  /** Tries in all; Infinity = for as long as one request may be held back. */
  readonly tries: number;
}

/** How one request fails: the host asks for fewer of them (429, 503); or it breaks, gets no answer or another one that may pass (408, 500, 502 …). */
export type RequestFault = "refused" | "broken";

/** How what takes several requests fails: one of them has failed for good, or what it was about is gone (an upload session, a blob). */
export type WorkFault = "broken" | "gone";

const none: Repeat = { remedy: "none", tries: 1 };
const held: Repeat = { remedy: "again", tries: Infinity };

/** Who repeats what, and how often: all of them read it here. `docs/reliability.md` shows it. */
export const requestRepeats = {
  /** By the client. */
  plain: { refused: held, broken: { remedy: "again", tries: 5 } },
  /** A step of an upload, body or not: what breaks leaves the session in doubt, a refusal does not. */
  upload: { refused: held, broken: none },
  /** Whether a host lives shall be known soon, and a courtesy may fail. */
  probe: { refused: none, broken: none },
} as const satisfies Record<string, Record<RequestFault, Repeat>>;

export type RequestKind = keyof typeof requestRepeats;

/**
 * A host that takes connections and never says anything is asked once more, and no more after this: with answers waited for 60 s it is found out
 * within some two minutes. Milliseconds.
 */
export const longestSilenceMs = 100_000;

export const workRepeats = {
  /** Long enough for a registry that is started anew. One that knows none of its sessions will not know the next one. */
  upload: { broken: { remedy: "anew", tries: 6 }, gone: { remedy: "anew", tries: 3 } },
  "blob download": { broken: { remedy: "on", tries: 5 }, gone: none },
  "chart download": { broken: { remedy: "anew", tries: 3 }, gone: none },
  /** Tries in a row that brought nothing. */
  "index download": { broken: { remedy: "on", tries: 5 }, gone: none },
  /** Its registry has lost a blob by the time that the manifest comes. All else has been repeated further down. */
  version: { broken: none, gone: { remedy: "anew", tries: 3 } },
} as const satisfies Record<string, Record<WorkFault, Repeat>>;

/** Failures that a download goes on after, once it has begun; those of a request before it have been repeated. */
export const brokenDownload: readonly ErrorCode[] = ["connection-lost", "timeout"];
