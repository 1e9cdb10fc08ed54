/**
 * Where the deflate data of a gzip member starts, as Go's compress/gzip reads the header: reserved flags are ignored and the extra
 * field's inside is not looked at (Helm 3 writes a malformed one). `undefined` = more bytes are needed; `null` = not gzip.
 */
export function gzipDataOffset(bytes: Uint8Array, start = 0): number | null | undefined {
  const magic = [0x1f, 0x8b, 0x08];
  for (let index = 0; index < magic.length; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    if (byte !== magic[index]) return null;
  }
  const flags = bytes[start + 3] ?? 0;
  let at: number | null | undefined = start + 10;
  if ((flags & 4) !== 0) at = at + 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
  if ((flags & 8) !== 0) at = afterText(bytes, at);
  if ((flags & 16) !== 0 && typeof at === "number") at = afterText(bytes, at);
  if ((flags & 2) !== 0 && typeof at === "number") at += 2;
  if (typeof at !== "number") return at;
  return at <= bytes.byteLength ? at : undefined;
}

/** Longest file name or comment in a header that Go reads, in bytes with the NUL. */
const longestText = 512;

function afterText(bytes: Uint8Array, start: number): number | null | undefined {
  const end = bytes.indexOf(0, start);
  if (end !== -1 && end - start < longestText) return end + 1;
  return bytes.byteLength - start >= longestText ? null : undefined;
}
