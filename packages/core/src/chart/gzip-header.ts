import { crc32 } from "node:zlib";

const magic = [0x1f, 0x8b, 0x08];
/** Bytes before the optional fields. */
const fixedBytes = 10;
/** Longest file name or comment in a header that Go reads, in bytes with the NUL. */
const longestText = 512;
const flags = { checksum: 2, extra: 4, name: 8, comment: 16 };

/**
 * Where the deflate data of a gzip member starts, as Go's compress/gzip reads the header: reserved flags are ignored and the extra
 * field's inside is not looked at (Helm 3 writes a malformed one). `undefined` = more bytes are needed; `null` = not gzip.
 */
export function gzipDataOffset(bytes: Uint8Array, start = 0): number | null | undefined {
  const found = bytes.subarray(start, start + magic.length);
  if (found.some((byte, index) => byte !== magic[index])) return null;
  const set = bytes[start + 3];
  if (set === undefined) return undefined;
  const afterExtra = start + fixedBytes + ((set & flags.extra) === 0 ? 0 : extraBytes(bytes, start + fixedBytes));
  const afterName = (set & flags.name) === 0 ? afterExtra : afterText(bytes, afterExtra);
  const afterComment = (set & flags.comment) === 0 ? afterName : afterText(bytes, afterName);
  if (typeof afterComment !== "number") return afterComment;
  const at = afterComment + ((set & flags.checksum) === 0 ? 0 : 2);
  return at <= bytes.byteLength ? at : undefined;
}

/** The extra field with its two bytes of length. */
function extraBytes(bytes: Uint8Array, at: number): number {
  return 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
}

function afterText(bytes: Uint8Array, start: number | null | undefined): number | null | undefined {
  if (typeof start !== "number") return start;
  const end = bytes.indexOf(0, start);
  if (end !== -1 && end - start < longestText) return end + 1;
  return bytes.byteLength - start >= longestText ? null : undefined;
}

/** Whether the header that begins at `start` and ends at `end` has a checksum, and it is wrong: Go refuses such a member. */
export function hasWrongChecksum(bytes: Uint8Array, start: number, end: number): boolean {
  if (((bytes[start + 3] ?? 0) & flags.checksum) === 0) return false;
  const told = (bytes[end - 2] ?? 0) | ((bytes[end - 1] ?? 0) << 8);
  return (crc32(bytes.subarray(start, end - 2)) & 0xffff) !== told;
}
