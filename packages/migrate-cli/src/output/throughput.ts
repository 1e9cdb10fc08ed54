import type { Clock } from "@chartferry/core";

/** How fast a target goes, over the last while rather than from the beginning: a pause or a slow start says nothing of now. */
export interface Throughput {
  /** What is done by now. */
  note(versions: number, bytes: number): void;
  readonly versionsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Milliseconds for so many versions more; undefined = nobody can tell yet. */
  timeFor(versions: number): number | undefined;
}

interface Sample {
  readonly time: number;
  readonly versions: number;
  readonly bytes: number;
}

/** Milliseconds. */
const remembered = 20_000;
const between = 1000;
/** Less time, or fewer versions, is no ground for an estimate. */
const soundTime = 5000;
const soundVersions = 10;

export function createThroughput(clock: Pick<Clock, "now">): Throughput {
  const samples: Sample[] = [{ time: clock.now(), versions: 0, bytes: 0 }];
  let last: Sample = { time: clock.now(), versions: 0, bytes: 0 };
  const started = clock.now();
  const perSecond = (figure: "versions" | "bytes"): number => {
    const first = samples[0] ?? last;
    return ((last[figure] - first[figure]) * 1000) / Math.max(1000, last.time - first.time);
  };
  return {
    note(versions, bytes) {
      last = { time: clock.now(), versions, bytes };
      if (last.time - (samples.at(-1)?.time ?? 0) >= between) samples.push(last);
      while (samples.length > 1 && (samples[1]?.time ?? 0) <= last.time - remembered) samples.shift();
    },
    get versionsPerSecond() {
      return perSecond("versions");
    },
    get bytesPerSecond() {
      return perSecond("bytes");
    },
    timeFor(versions) {
      const rate = perSecond("versions");
      if (rate <= 0 || last.time - started < soundTime || last.versions < soundVersions) return undefined;
      return (versions * 1000) / rate;
    },
  };
}
