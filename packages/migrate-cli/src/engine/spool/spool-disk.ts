import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";

import { type AssembledPackage, type ChartPackage, isChartferryError, type MemoryQuestion, type Note } from "@chartferry/core";

import { describeChart, loadChart } from "./spool-record.ts";
import { createSpoolSegments, type Place } from "./spool-segments.ts";

/** A chart on disk. */
export interface StoredChart {
  /** Where there is no memory for the archive, it is read while it is sent. To be released like any other; the chart stays on disk. @throws where the disk has lost it */
  readonly load: (memory: MemoryQuestion) => Promise<ChartPackage>;
  /** Harmless when done twice. */
  readonly free: () => void;
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
  /** Of one file. Default: 32 MiB, so that there are some 30 open files at most. */
  readonly segmentBytes?: number;
  /** Bytes that the temporary folder has left. */
  readonly freeBytes?: () => Promise<number>;
}

/** Charts at most: each takes some hundred bytes of memory still. */
const chartLimit = 32_768;
const defaultSegmentBytes = 32 * 1024 ** 2;
/** The queue and the records of a run write to the same folder, and cannot do without. Bytes. */
const leftForOthers = 128 * 1024 ** 2;

export function createSpoolDisk({ diskBytes, segmentBytes = defaultSegmentBytes, freeBytes = freeInFolder }: SpoolDiskOptions): SpoolDisk {
  const mayOpen = async (): Promise<boolean> => (await freeBytes()) >= leftForOthers + segmentBytes;
  const segments = createSpoolSegments({ diskBytes, segmentBytes, mayOpen });
  let charts = 0;
  let fault: Error | undefined;
  const keep = async (opened: AssembledPackage): Promise<StoredChart | undefined> => {
    let place: Place | undefined;
    try {
      const chart = describeChart(opened);
      place = await segments.findPlace(chart.bytes);
      return place && (await write(chart, place));
    } catch (error) {
      // Without this file there is room again for what the run cannot do without; its charts are read from the source once more.
      fault ??= error instanceof Error ? error : new Error("unknown", { cause: error });
      await place?.giveUp();
      return undefined;
    }
  };
  return {
    async store(opened) {
      if (opened.kind === "verbatim" || fault !== undefined || charts >= chartLimit) return undefined;
      charts++;
      const kept = await keep(opened);
      if (kept === undefined) charts--;
      return kept && { load: kept.load, free: onceOnly(() => (charts--, kept.free())) };
    },
    notes: () => (fault === undefined ? [] : [unwritable(fault)]),
    close: () => segments.close(),
  };
}

async function write(chart: ReturnType<typeof describeChart>, { file, position, leave }: Place): Promise<StoredChart> {
  let end = position;
  for await (const part of chart.parts()) {
    await file.write(part, end);
    end += part.byteLength;
  }
  return { load: (memory) => loadChart({ file, position, head: chart.head }, memory), free: leave };
}

function unwritable(fault: Error): Note {
  const hint = isChartferryError(fault) && fault.hint !== undefined ? ` (${fault.hint})` : "";
  return { code: "spool-unwritable", text: `${fault.message}${hint}; charts that had to wait for a slower target were read again` };
}

function onceOnly(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
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
