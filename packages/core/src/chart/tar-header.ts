/** Bytes of a tar block. */
export const blockBytes = 512;

/** A header block, read as Go's archive/tar reads it. */
export interface TarHeader {
  /** With the ustar prefix, if any. */
  readonly name: string;
  /** One character; NUL = a file of the oldest format. */
  readonly type: string;
  /** Bytes of content that follow, as declared. */
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly modified: number;
}

/** `undefined` = not a valid header: wrong checksum, or a number that is none. */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  if (!checksumMatches(block)) return undefined;
  const fields = numericFields.map(([at, length]) => readNumber(block.subarray(at, at + length)));
  const [mode, , , size, modified] = fields;
  const extended = block.toString("latin1", 257, 262) === "ustar";
  const devices = extended ? [readNumber(block.subarray(329, 337)), readNumber(block.subarray(337, 345))] : [];
  if (mode === undefined || size === undefined || modified === undefined || [...fields, ...devices].includes(undefined)) return undefined;
  const prefix = readPrefix(block);
  const name = readText(block.subarray(0, 100));
  return { name: prefix === "" ? name : `${prefix}/${name}`, type: block.toString("latin1", 156, 157), size, mode, modified };
}

/** Mode, user, group, size, time: place and length. */
const numericFields = [
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
] as const;

/** Text up to the first NUL. */
export function readText(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.byteLength : end);
}

function readPrefix(block: Buffer): string {
  if (block.toString("latin1", 257, 263) !== "ustar\0") return "";
  const isStar = block.toString("latin1", 508, 512) === "tar\0";
  return readText(block.subarray(345, isStar ? 476 : 500));
}

/** Some old writers summed signed bytes: either sum will do. */
function checksumMatches(block: Buffer): boolean {
  const stored = readOctal(block.subarray(148, 156));
  // The field itself counts as eight spaces.
  let sum = 8 * 0x20;
  let above127 = 0;
  for (let at = 0; at < blockBytes; at++) {
    if (at === 148) at = 156;
    const byte = block[at] ?? 0;
    sum += byte;
    above127 += byte >> 7;
  }
  return stored === sum || stored === sum - 256 * above127;
}

/** Octal text, or, with the first bit set, a big-endian number. */
function readNumber(field: Buffer): number | undefined {
  const first = field[0] ?? 0;
  if ((first & 0x80) === 0) return readOctal(field);
  const negative = (first & 0x40) !== 0;
  let value = BigInt(negative ? ~first & 0x7f : first & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(negative ? ~byte & 0xff : byte);
  if (value >= 2n ** 63n) return undefined;
  return Number(negative ? -value - 1n : value);
}

/** Digits between spaces and NULs; what follows a NUL is not looked at. */
function readOctal(field: Buffer): number | undefined {
  let end = field.byteLength;
  while (end > 0 && isPadding(field[end - 1])) end -= 1;
  let at = 0;
  while (at < end && isPadding(field[at])) at += 1;
  let value = 0;
  for (; at < end && field[at] !== 0; at++) {
    const digit = (field[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

function isPadding(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}
