import type { Clock } from "../../clock.ts";

/** Less than this within the time that a silent server is waited for is as good as silence: byte by byte, one answer could hold us for days. Bytes. */
export const leastBytes = 16 * 1024;

/** The next piece of a body; `undefined` at its end. */
export type NextPiece = () => Promise<Uint8Array | undefined>;

export interface SpeedWatch {
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds in which `leastBytes` must come. */
  readonly withinMs: number;
  /** What a reader of such a body is told. */
  readonly tooSlow: (came: { readonly bytes: number; readonly milliseconds: number }) => Error;
}

/** Only time in which a reader waits for the server counts: one who is behind, or held up by anything else, finds his pieces there. */
export function atLeastSpeed(next: NextPiece, { clock, withinMs, tooSlow }: SpeedWatch): NextPiece {
  let [waited, came] = [0, 0];
  return async () => {
    const since = clock.now();
    const chunk = await next();
    if (chunk === undefined) return undefined;
    waited += clock.now() - since;
    came += chunk.byteLength;
    if (waited >= withinMs) {
      if (came < leastBytes) throw tooSlow({ bytes: came, milliseconds: waited });
      [waited, came] = [0, 0];
    }
    return chunk;
  };
}
