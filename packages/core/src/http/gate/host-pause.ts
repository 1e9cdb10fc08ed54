/** A time in which requests to a host are held back, for whoever watches. Holds no secrets. */
export interface HostPause {
  /** Host and port. */
  readonly host: string;
  readonly milliseconds: number;
  /** What the host answered or did: one clause, as in `answers 429 and asks to wait 30 s`. */
  readonly reason: string;
}

export type TellPause = (pause: HostPause) => void;

/** Shorter waits are nobody's business. Milliseconds. */
export const shortestPauseToldMs = 1000;
