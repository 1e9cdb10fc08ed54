/** Bytes that come piece by piece and are kept for later, in their order. */
export interface PieceList {
  /** Bytes in it. */
  readonly size: number;
  add(piece: Uint8Array): void;
  /** The first of what is in it; `undefined` = nothing. */
  shift(): Uint8Array | undefined;
  /** All that is in it, in as few pieces as there are. */
  takeAll(): readonly Uint8Array[];
  /** All that is in it, in one piece. */
  join(): Uint8Array;
}

/** Each piece costs some hundred bytes of its own, so those below this are copied together. Bytes. */
const smallPiece = 4096;
const blockBytes = 4 * smallPiece;

/** Small pieces at the end of a list, which may still grow. */
interface Tail {
  readonly bytes: Uint8Array;
  readonly used: number;
}

/** Memory stays in proportion to the bytes, however small the pieces are in which they come. */
export function createPieceList(): PieceList {
  let pieces: Uint8Array[] = [];
  let tail: Tail | undefined;
  let size = 0;
  const closeTail = (): void => {
    if (tail !== undefined) pieces.push(bytesOf(tail));
    tail = undefined;
  };
  const takeAll = (): readonly Uint8Array[] => {
    closeTail();
    const all = pieces;
    pieces = [];
    size = 0;
    return all;
  };
  return {
    get size() {
      return size;
    },
    add(piece) {
      size += piece.byteLength;
      const isSmall = piece.byteLength < smallPiece;
      if (!isSmall || (tail !== undefined && tail.used + piece.byteLength > blockBytes)) closeTail();
      if (isSmall) tail = tail === undefined ? { bytes: piece, used: piece.byteLength } : appended(tail, piece);
      else pieces.push(piece);
    },
    shift() {
      if (pieces.length === 0) closeTail();
      const first = pieces.shift();
      size -= first?.byteLength ?? 0;
      return first;
    },
    takeAll,
    join() {
      const all = takeAll();
      return all.length === 1 && all[0] !== undefined ? all[0] : Buffer.concat(all);
    },
  };
}

function appended({ bytes, used }: Tail, piece: Uint8Array): Tail {
  const room = bytes.byteLength < blockBytes ? new Uint8Array(blockBytes) : bytes;
  if (room !== bytes) room.set(bytes);
  room.set(piece, used);
  return { bytes: room, used: used + piece.byteLength };
}

/** A piece that came alone stays as it came; a block with little in it is not worth its room. */
function bytesOf({ bytes, used }: Tail): Uint8Array {
  if (used === bytes.byteLength) return bytes;
  return used < smallPiece ? bytes.slice(0, used) : bytes.subarray(0, used);
}
