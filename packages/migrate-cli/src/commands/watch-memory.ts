import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes that may come on top of what the last collection left, in V8's heap and outside of it together. V8 itself waits for 64 MiB outside alone. */
const leastGrowth = 24_000_000;

/** A large heap takes longer to go through: it may grow by this part of itself. */
const growthOfHeap = 0.25;

/** Bytes of the room for new objects: both halves, or nearly. With 2 MB a plan of a large index takes a quarter more time, with 32 MB it is no faster. */
const youngRoom = 14_000_000;

/** Bytes of the whole process. Below, nothing is collected early: for a run that needs no more, it would cost a tenth of the processor time. */
const worthIt = 130_000_000;

/** Milliseconds. Long enough to cost nothing, short enough for what a fast line brings in between. */
const interval = 30;

/**
 * Looks at the memory now and then, ends the growth of the room for new objects where it is large enough, and collects before V8 would.
 * A full collection takes some 15 ms here, and mostly replaces one of V8's own.
 */
export function watchMemory(): void {
  const collect = collector();
  let left = bytesInUse();
  let grows = true;
  const look = (): void => {
    if (grows && bytesForYoung() >= youngRoom) {
      // The limit (`--max-semi-space-size`) is read only when Node starts, the factor each time. One dash, as in `keepHeapSmall`.
      setFlagsFromString("-semi-space-growth-factor=1");
      grows = false;
    }
    const now = bytesInUse();
    left = Math.min(left, now);
    if (now - left <= Math.max(leastGrowth, left * growthOfHeap) || process.memoryUsage.rss() < worthIt) return;
    collect();
    left = bytesInUse();
  };
  look();
  // Nothing waits for it: a process that has done its work ends.
  setInterval(look, interval).unref();
}

function bytesInUse(): number {
  const { used_heap_size: inHeap, external_memory: outside } = getHeapStatistics();
  return inHeap + outside;
}

function bytesForYoung(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}

/** V8 gives its collector to contexts that are made after this flag was set. */
function collector(): () => void {
  setFlagsFromString("-expose-gc");
  const found: unknown = runInNewContext("globalThis.gc");
  return typeof found === "function" ? () => void found() : () => undefined;
}
