/** One request through all its repeats. */
export interface Patience {
  /** Who came first goes first; who is refused goes to the end, so that the next one who is tried is another one. */
  order: number;
  /** When it was first held back, milliseconds since 1970; the longest hold counts from here. */
  heldSince: number | undefined;
  /** All refusals so far. */
  refusals: number;
  /** 503s without a word on when to come back. */
  bareRefusals: number;
  /** It is refused while others are served: it is not sent again before this time has passed. Milliseconds. */
  ownWaitMs: number;
  /** Its last attempt ran out of time at a host that has never answered anything. */
  unheard: boolean;
  /** Sending again is of no use: to the gate the host looks broken, not busy, or it was waited for as long as may be. */
  hopeless: boolean;
}

let born = 0;

export function newPatience(): Patience {
  return { order: born++, heldSince: undefined, refusals: 0, bareRefusals: 0, ownWaitMs: 0, unheard: false, hopeless: false };
}

export function toTheEnd(patience: Patience): void {
  patience.order = born++;
}
