import { readPaxRecords, type PaxOverrides } from "./pax-records.ts";
import { blockBytes, readTarHeader, readText, type TarHeader } from "./tar-header.ts";

/** One entry of a tar archive that Helm takes for a file. */
export interface TarEntry {
  readonly name: string;
  /** Links and devices load as empty files. */
  readonly kind: "file" | "link";
  /** Bytes; 0 for links, whatever their header says. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly modified: number;
}

export interface TarVisitor {
  /** Every header, folders and extensions included. May throw to stop. */
  readonly onHeader: () => void;
  /** `true` = keep its bytes for `onFile`. May throw to stop. */
  readonly onEntry: (entry: TarEntry) => boolean;
  readonly onFile: (entry: TarEntry, data: Buffer) => void;
  /** An entry whose content is not looked at: sparse files. */
  readonly onUnsupported: (name: string) => void;
}

export interface TarWalk {
  /** Takes more of the stream; `false` = no more is wanted. */
  write(bytes: Buffer): boolean;
  /** The archive's end mark, or damage, has been reached. */
  readonly ended: boolean;
  /** Says that the stream is over; returns why the archive could not be read to its end. */
  end(): string | undefined;
}

/** Bytes of a pax header or GNU long name, Go's own limit. */
const largestExtension = 1024 * 1024;
/** Links, devices, folders, pipes: whatever size they declare, no content follows. */
const withoutContent: ReadonlySet<string> = new Set(["1", "2", "3", "4", "5", "6"]);
const extensions: ReadonlySet<string> = new Set(["x", "g", "L", "K"]);

/** What is being read: the next header, or a body and then its padding. */
interface Body {
  left: number;
  padding: number;
  readonly chunks: Buffer[] | undefined;
  readonly done: (data: Buffer) => void;
}

/**
 * Walks a plain tar stream exactly as Go's archive/tar does. node-tar's parser is not used here: it passes over bad headers, unknown
 * types and files with a link name where Go does not, so that it could show another Chart.yaml than the one Helm loads.
 */
export function walkTar(visitor: TarVisitor): TarWalk {
  const state: WalkState = { pending: Buffer.alloc(0), body: undefined, zeroBlocks: 0, ended: false, problem: undefined };
  const stop = (reason?: string): undefined => {
    state.ended = true;
    state.problem ??= reason;
  };
  const interpret = headerReader(visitor, stop);
  return {
    get ended() {
      return state.ended;
    },
    write(bytes) {
      let rest = state.pending.byteLength === 0 ? bytes : Buffer.concat([state.pending, bytes]);
      while (!state.ended && rest.byteLength >= (state.body === undefined ? blockBytes : 1)) {
        if (state.body === undefined) {
          takeBlock(state, rest.subarray(0, blockBytes), { interpret, stop });
          rest = rest.subarray(blockBytes);
        } else {
          ({ body: state.body, rest } = consume(state.body, rest));
        }
      }
      state.pending = Buffer.from(rest);
      return !state.ended;
    },
    end() {
      // The stream may end anywhere in the padding, before a header, or after one zero block.
      const isWithin = state.body === undefined ? state.pending.byteLength > 0 : state.body.left > 0;
      if (!state.ended && isWithin) stop("it ends too early");
      return state.problem;
    },
  };
}

interface WalkState {
  /** Less than a header. */
  pending: Buffer;
  body: Body | undefined;
  zeroBlocks: number;
  ended: boolean;
  problem: string | undefined;
}

type Stop = (reason?: string) => undefined;

function takeBlock(
  state: WalkState,
  block: Buffer,
  use: { readonly interpret: (block: Buffer) => Body | undefined; readonly stop: Stop },
): void {
  if (block.every((byte) => byte === 0)) {
    state.zeroBlocks += 1;
    if (state.zeroBlocks === 2) use.stop();
  } else if (state.zeroBlocks > 0) {
    use.stop("a zero block stands in the middle");
  } else {
    const body = use.interpret(block);
    state.body = body?.left === 0 ? finish(body) : body;
  }
}

function consume(body: Body, bytes: Buffer): { body: Body | undefined; rest: Buffer } {
  if (body.left > 0) {
    const part = bytes.subarray(0, body.left);
    body.chunks?.push(part);
    body.left -= part.byteLength;
    return { body: body.left === 0 ? finish(body) : body, rest: bytes.subarray(part.byteLength) };
  }
  const skipped = Math.min(body.padding, bytes.byteLength);
  body.padding -= skipped;
  return { body: body.padding === 0 ? undefined : body, rest: bytes.subarray(skipped) };
}

/** The content is complete; what remains of the body is padding. */
function finish(body: Body): Body | undefined {
  const [only] = body.chunks ?? [];
  body.done(body.chunks?.length === 1 && only !== undefined ? only : Buffer.concat(body.chunks ?? []));
  return body.padding === 0 ? undefined : body;
}

/** Turns header blocks into bodies, remembering what extension headers said of the next entry. */
function headerReader(visitor: TarVisitor, stop: Stop): (block: Buffer) => Body | undefined {
  let next: { pax?: PaxOverrides; longName?: string } = {};
  const readExtension = (type: string, data: Buffer): void => {
    if (type === "L") next = { ...next, longName: readText(data) };
    if (type !== "x") return;
    const pax = readPaxRecords(data);
    if (pax === undefined) stop("a pax header is malformed");
    else next = { ...next, pax };
  };
  return (block) => {
    const header = readTarHeader(block);
    if (header === undefined) return stop("a header is damaged");
    visitor.onHeader();
    if (extensions.has(header.type)) {
      if (header.size < 0 || header.size > largestExtension) return stop("an extended header is too large");
      // Go returns a global header as an entry of its own, so that it ends what stood before; none of it is applied.
      if (header.type === "g") next = {};
      return newBody(header.size, { keep: true, done: (data) => readExtension(header.type, data) });
    }
    const { pax, longName = "" } = next;
    next = {};
    const isSparse = header.type === "S" || pax?.sparse === true;
    return entryBody(applyExtensions(header, pax, longName), { visitor, stop, isSparse });
  };
}

function applyExtensions(header: TarHeader, pax: PaxOverrides | undefined, longName: string): TarHeader {
  const name = longName === "" ? (pax?.name ?? header.name) : longName;
  return { ...header, name, size: pax?.size ?? header.size, modified: pax?.modified ?? header.modified };
}

interface EntryScope {
  readonly visitor: TarVisitor;
  readonly stop: Stop;
  readonly isSparse: boolean;
}

function entryBody(header: TarHeader, { visitor, stop, isSparse }: EntryScope): Body | undefined {
  const isLink = withoutContent.has(header.type);
  if (header.size < 0) return stop("a file has a negative size");
  if (isFolder(header)) return newBody(isLink ? 0 : header.size, { keep: false, done: () => undefined });
  if (isLink && header.size > 0) return stop("a link declares content");
  if (isSparse) visitor.onUnsupported(header.name);
  const entry: TarEntry = { name: header.name, kind: isLink ? "link" : "file", size: header.size, modified: header.modified };
  const keep = visitor.onEntry(entry) && !isSparse;
  const done = (data: Buffer): void => {
    if (keep) visitor.onFile(entry, data);
  };
  return newBody(header.size, { keep, done });
}

function isFolder({ type, name, mode }: TarHeader): boolean {
  return type === "5" || (type === "\0" && name.endsWith("/")) || (mode & ~0o7777) === 0o40000;
}

function newBody(size: number, options: { readonly keep: boolean; readonly done: (data: Buffer) => void }): Body {
  const padding = (blockBytes - (size % blockBytes)) % blockBytes;
  return { left: size, padding, chunks: options.keep ? [] : undefined, done: options.done };
}
