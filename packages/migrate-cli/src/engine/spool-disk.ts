import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";

import { type ChartPackage, isChartferryError, type MemoryQuestion, type Note, openTemporaryFile, type TemporaryFile } from "@chartferry/core";

import { describeChart, loadChart } from "./spool-record.ts";

/** A chart on disk. */
export interface StoredChart {
  /** Where there is no memory for the archive, it is read while it is sent. To be released like any other; the chart stays on disk. @throws where the disk has lost it */
  load(memory: MemoryQuestion): Promise<ChartPackage>;
  free(): void;
}

export interface SpoolDisk {
  /** `undefined` = there is no room, or the package is of a kind that is read when it is sent. Never rejects. */
  store(opened: ChartPackage): Promise<StoredChart | undefined>;
  /** Says when a disk failed; a cap that is reached is no failure. */
  notes(): Note[];
  close(): Promise<void>;
}

export interface SpoolDiskOptions {
  /** Of all files together. */
  readonly diskBytes: number;
  /** Of one file; a larger chart has one of its own. Default: 32 MiB, so that there are some 30 open files at most. */
  readonly segmentBytes?: number;
  /** Bytes that the temporary folder has left for others. */
  readonly freeBytes?: () => Promise<number>;
}

/** Charts at most: each takes some hundred bytes of memory still. */
const chartLimit = 32_768;
const defaultSegmentBytes = 32 * 1024 ** 2;
/** The queue and the records of a run write there as well, and cannot do without. */
const leftForOthers = 128 * 1024 ** 2;

interface Segment {
  readonly file: TemporaryFile;
  /** Where the next chart begins. */
  end: number;
  /** The most that `end` has been: so much the file takes. */
  size: number;
  charts: number;
}

interface Place {
  readonly segment: Segment;
  readonly position: number;
}

/** Temporary files that are filled one after the other; one goes as soon as none of its charts is needed. Nothing is opened before the first chart comes. */
export function createSpoolDisk({ diskBytes, segmentBytes = defaultSegmentBytes, freeBytes = freeInFolder }: SpoolDiskOptions): SpoolDisk {
  const segments = new Set<Segment>();
  let [total, charts] = [0, 0];
  let current: Segment | undefined;
  let next: Promise<Segment | undefined> | undefined;
  let fault: Error | undefined;

  const remove = async (segment: Segment): Promise<void> => {
    if (!segments.delete(segment)) return;
    total -= segment.size;
    if (current === segment) current = undefined;
    await segment.file.release();
  };
  const openNext = async (): Promise<Segment | undefined> => {
    if ((await freeBytes()) < leftForOthers + segmentBytes) return undefined;
    const file = await openTemporaryFile({ operation: "keep charts for slower targets" });
    const segment = { file, end: 0, size: 0, charts: 0 };
    segments.add(segment);
    return segment;
  };
  const fits = (segment: Segment | undefined, bytes: number): segment is Segment =>
    segment !== undefined && (segment.end === 0 || segment.end + bytes <= segmentBytes);
  const findPlace = async (bytes: number): Promise<Place | undefined> => {
    while (!fits(current, bytes)) {
      if (total + bytes > diskBytes) return undefined;
      next ??= openNext().finally(() => (next = undefined));
      const opened = await next;
      if (opened === undefined) return undefined;
      if (!segments.has(opened)) continue;
      current = opened;
    }
    // No wait between finding room and taking it: else two could take the same.
    const segment = current;
    const position = segment.end;
    const grown = Math.max(0, position + bytes - segment.size);
    if (total + grown > diskBytes) return undefined;
    total += grown;
    segment.size += grown;
    segment.end += bytes;
    segment.charts++;
    charts++;
    return { segment, position };
  };
  const leave = (segment: Segment): void => {
    segment.charts--;
    charts--;
    if (segment.charts > 0) return;
    if (segment === current) segment.end = 0;
    else void remove(segment);
  };
  const store: SpoolDisk["store"] = async (opened) => {
    if (opened.kind === "verbatim" || fault !== undefined || charts >= chartLimit) return undefined;
    let place: Place | undefined;
    try {
      const { head, parts, bytes } = describeChart(opened);
      place = await findPlace(bytes);
      if (place === undefined) return undefined;
      const { position, segment } = place;
      const { file } = segment;
      let end = position;
      for await (const part of parts()) {
        await file.write(part, end);
        end += part.byteLength;
      }
      return { load: (memory) => loadChart({ file, position, head }, memory), free: onceOnly(leave, segment) };
    } catch (error) {
      // Without this file there is room again for what the run cannot do without; its charts are read from the source once more.
      fault ??= error instanceof Error ? error : new Error("unknown", { cause: error });
      if (place !== undefined) await remove(place.segment);
      return undefined;
    }
  };
  return {
    store,
    notes: () => (fault === undefined ? [] : [unwritable(fault)]),
    async close() {
      for (const segment of segments) await remove(segment);
    },
  };
}

function unwritable(fault: Error): Note {
  const hint = isChartferryError(fault) && fault.hint !== undefined ? ` (${fault.hint})` : "";
  return { code: "spool-unwritable", text: `${fault.message}${hint}; charts that had to wait for a slower target were read again` };
}

function onceOnly<Value>(action: (value: Value) => void, value: Value): () => void {
  let done = false;
  return () => {
    if (!done) action(value);
    done = true;
  };
}

async function freeInFolder(): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(tmpdir());
    return bavail * bsize;
  } catch {
    // Some systems do not tell: then the writing does.
    return Infinity;
  }
}
