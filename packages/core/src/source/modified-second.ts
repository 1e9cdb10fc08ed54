import type { BigIntStats } from "node:fs";

const perSecond = 1_000_000_000n;

/** The whole second in which a file was changed, as Helm writes it; a number of milliseconds would have rounded the last nanoseconds up. */
export function modifiedSecond({ mtimeNs }: Pick<BigIntStats, "mtimeNs">): number {
  const within = ((mtimeNs % perSecond) + perSecond) % perSecond;
  return Number((mtimeNs - within) / perSecond);
}
