import { Parser, type ReadEntry } from "tar";

/** One entry of a tar archive that holds content, or would. */
export interface TarEntry {
  readonly name: string;
  readonly kind: "file" | "link";
  /** Bytes; 0 for links, whatever their header says. */
  readonly size: number;
  /** Seconds since 1970, as the header says. */
  readonly modified: number | undefined;
}

export interface TarVisitor {
  /** Every header, folders and metadata included. May throw to stop. */
  readonly onHeader: () => void;
  /** `true` = keep its bytes for `onFile`. May throw to stop. */
  readonly onEntry: (entry: TarEntry) => boolean;
  readonly onFile: (entry: TarEntry, data: Buffer) => void;
  /** An entry of a type that is not looked at. */
  readonly onUnsupported: (name: string) => void;
}

export interface TarWalk {
  /** Whether more bytes are wanted. */
  write(bytes: Buffer): boolean;
  /** The archive's end has been seen, or what follows is not to be read. */
  readonly ended: boolean;
  /** Why the archive could not be read to its end. */
  end(): string | undefined;
}

const fileTypes: ReadonlySet<string> = new Set(["File", "OldFile", "ContiguousFile", "GNUDumpDir"]);
const linkTypes: ReadonlySet<string> = new Set(["Link", "SymbolicLink", "CharacterDevice", "BlockDevice", "FIFO"]);
/** First bytes at which the parser would start to decompress a second time: gzip, zstd. */
const compressedMagic = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])];

/**
 * Walks a plain tar stream. Where node-tar and Go's archive/tar would read the rest of an archive differently (a bad header, a link
 * with a body, a global size record), the walk stops there rather than show a file that Helm does not see.
 */
export function walkTar(visitor: TarVisitor): TarWalk {
  const parser = new Parser({ maxDecompressionRatio: Number.POSITIVE_INFINITY, brotli: false });
  let ended = false;
  let started = false;
  let problem: string | undefined;
  const stop = (reason?: string): void => {
    problem ??= ended ? undefined : reason;
    ended = true;
  };
  parser.on("eof", () => stop());
  parser.on("warn", (_code: string, message: unknown) => stop(String(message)));
  parser.on("ignoredEntry", (entry: ReadEntry) => {
    if (ended) return;
    visitor.onHeader();
    if (entry.meta) stop("an extended header is too large");
    else visitor.onUnsupported(entry.path);
  });
  parser.on("meta", () => {
    if (!ended) visitor.onHeader();
  });
  parser.on("entry", (entry: ReadEntry) => {
    if (!ended) visitEntry(entry, visitor, stop);
    entry.resume();
  });
  return {
    get ended() {
      return ended;
    },
    write(bytes) {
      if (!started && compressedMagic.some((magic) => bytes.subarray(0, magic.byteLength).equals(magic))) stop("it is compressed twice");
      started = true;
      // The parser takes any number of entries from one piece: small pieces let a stop take effect early.
      for (let at = 0; at < bytes.byteLength && !ended; at += pieceBytes) parser.write(bytes.subarray(at, at + pieceBytes));
      return !ended;
    },
    end() {
      if (!ended) parser.end();
      return problem;
    },
  };
}

/** Bytes; a multiple of the tar block. */
const pieceBytes = 1024 * 1024;

function visitEntry(entry: ReadEntry, visitor: TarVisitor, stop: (reason?: string) => void): void {
  visitor.onHeader();
  const isLink = linkTypes.has(entry.type);
  if (entry.globalExtended?.size !== undefined) return stop("a global header sets the size of files");
  if (isLink && entry.size > 0) stop("a link has content");
  if (!isLink && !fileTypes.has(entry.type)) return undefined;
  const found: TarEntry = {
    name: entry.path,
    kind: isLink ? "link" : "file",
    size: isLink ? 0 : entry.size,
    modified: seconds(entry.mtime),
  };
  if (!visitor.onEntry(found)) return undefined;
  if (found.size === 0) return visitor.onFile(found, Buffer.alloc(0));
  const chunks: Buffer[] = [];
  entry.on("data", (chunk: Buffer) => chunks.push(chunk));
  entry.on("end", () => visitor.onFile(found, chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
  return undefined;
}

function seconds(modified: Date | undefined): number | undefined {
  const milliseconds = modified?.getTime() ?? Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
