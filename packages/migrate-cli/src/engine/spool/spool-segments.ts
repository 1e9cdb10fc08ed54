import { openTemporaryFile, type TemporaryFile } from "@chartferry/core";

/** A temporary file that several charts lie in, one after the other. */
interface Segment {
  readonly file: TemporaryFile;
  /** Where the next chart begins. */
  end: number;
  /** The most that `end` has been: so much the file takes. */
  size: number;
  charts: number;
}

/** Room for one chart. */
export interface Place {
  readonly file: TemporaryFile;
  readonly position: number;
  /** Gives the room back. */
  readonly leave: () => void;
  /** Closes the whole file, with everything in it. */
  readonly giveUp: () => Promise<void>;
}

export interface SpoolSegments {
  /** `undefined` = there is none. @throws file-unwritable */
  findPlace(bytes: number): Promise<Place | undefined>;
  close(): Promise<void>;
}

export interface SegmentOptions {
  /** Of all files together. */
  readonly diskBytes: number;
  /** Of one file; a larger chart has one of its own. */
  readonly segmentBytes: number;
  /** Whether the temporary folder has room for one file more. */
  readonly mayOpen: () => Promise<boolean>;
}

/** Files that are filled one after the other; one goes as soon as none of its charts is needed. None is opened before the first chart comes. */
export function createSpoolSegments({ diskBytes, segmentBytes, mayOpen }: SegmentOptions): SpoolSegments {
  const segments = new Set<Segment>();
  let total = 0;
  let current: Segment | undefined;
  const next = createNextFile(mayOpen, (segment) => void segments.add(segment));
  const remove = async (segment: Segment): Promise<void> => {
    if (!segments.delete(segment)) return;
    total -= segment.size;
    if (current === segment) current = undefined;
    await segment.file.release();
  };
  const leave = (segment: Segment): void => {
    if (--segment.charts > 0) return;
    if (segment !== current) return void remove(segment);
    segment.end = 0;
  };
  const goOnWith = (opened: Segment): void => {
    const left = current;
    current = opened;
    // All its charts may have gone while the next file was opened: then nobody else is left to remove it.
    if (left !== opened && left?.charts === 0) void remove(left);
  };
  const take = (segment: Segment, bytes: number): Place | undefined => {
    const { file, end, size } = segment;
    const grown = Math.max(0, end + bytes - size);
    if (total + grown > diskBytes) return undefined;
    total += grown;
    segment.size += grown;
    segment.end += bytes;
    segment.charts++;
    return { file, position: end, leave: () => leave(segment), giveUp: () => remove(segment) };
  };
  const findPlace = async (bytes: number): Promise<Place | undefined> => {
    for (;;) {
      // No wait between finding room and taking it: else two could take the same.
      if (current !== undefined && (current.end === 0 || current.end + bytes <= segmentBytes)) return take(current, bytes);
      if (total + bytes > diskBytes) return undefined;
      const opened = await next.open();
      if (opened === undefined || !segments.has(opened)) return undefined;
      goOnWith(opened);
    }
  };
  return {
    findPlace,
    async close() {
      next.close();
      await Promise.all([...segments].map(remove));
    },
  };
}

interface NextFile {
  /** One at a time, whoever waits for it. `undefined` = there is none. @throws file-unwritable */
  open(): Promise<Segment | undefined>;
  /** Opens none any more, nor leaves one open that is on its way. */
  close(): void;
}

function createNextFile(mayOpen: SegmentOptions["mayOpen"], opened: (segment: Segment) => void): NextFile {
  let next: Promise<Segment | undefined> | undefined;
  let isClosed = false;
  const open = async (): Promise<Segment | undefined> => {
    if (!(await mayOpen())) return undefined;
    const segment = await openSegment();
    if (isClosed) {
      await segment.file.release();
      return undefined;
    }
    opened(segment);
    return segment;
  };
  return {
    open: () => (next ??= open().finally(() => (next = undefined))),
    close: () => void (isClosed = true),
  };
}

async function openSegment(): Promise<Segment> {
  return { file: await openTemporaryFile({ operation: "keep charts for slower targets" }), end: 0, size: 0, charts: 0 };
}
