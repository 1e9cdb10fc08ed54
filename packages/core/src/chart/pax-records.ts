/** What a pax header says of the entry that follows; empty values count as absent. */
export interface PaxOverrides {
  readonly name?: string;
  readonly size?: number;
  /** Seconds since 1970. */
  readonly modified?: number;
  /** GNU sparse: the content is a map of fragments. */
  readonly sparse: boolean;
}

/** Reads the records of a pax header as Go's archive/tar does: one that is malformed spoils the archive (`undefined`). */
export function readPaxRecords(body: Buffer): PaxOverrides | undefined {
  const records = new Map<string, string>();
  for (let at = 0; at < body.byteLength;) {
    const record = readRecord(body, at);
    if (record === undefined) return undefined;
    records.set(record.key, record.value);
    at = record.end;
  }
  for (const key of ["uid", "gid"]) if (!isInteger(records.get(key))) return undefined;
  for (const key of ["atime", "ctime", "mtime"]) if (!isTime(records.get(key))) return undefined;
  const size = records.get("size");
  if (!isInteger(size)) return undefined;
  return overrides(records, size);
}

function overrides(records: ReadonlyMap<string, string>, size: string | undefined): PaxOverrides {
  const sparse = isSparse(records);
  const name = nonEmpty(sparse ? records.get("GNU.sparse.name") : undefined) ?? nonEmpty(records.get("path"));
  const modified = nonEmpty(records.get("mtime"));
  return {
    sparse,
    ...(name === undefined ? {} : { name }),
    ...(nonEmpty(size) === undefined ? {} : { size: Number(size) }),
    ...(modified === undefined ? {} : { modified: Math.floor(Number(modified)) }),
  };
}

function isSparse(records: ReadonlyMap<string, string>): boolean {
  return records.has("GNU.sparse.map") || records.has("GNU.sparse.offset") || /^[01]$/.test(records.get("GNU.sparse.major") ?? "");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** `<length> <key>=<value>\n`, the length in bytes and counting itself. */
function readRecord(body: Buffer, start: number): { key: string; value: string; end: number } | undefined {
  const space = body.indexOf(0x20, start);
  const end = space === -1 ? undefined : recordEnd(body, start, space);
  if (end === undefined) return undefined;
  const equals = body.indexOf(0x3d, space);
  if (equals <= space + 1 || equals >= end) return undefined;
  const key = body.toString("utf8", space + 1, equals);
  const value = body.toString("utf8", equals + 1, end - 1);
  const text = textKeys.has(key) ? value : key;
  return text.includes("\0") ? undefined : { key, value, end };
}

const textKeys: ReadonlySet<string> = new Set(["path", "linkpath", "uname", "gname"]);

function recordEnd(body: Buffer, start: number, space: number): number | undefined {
  const digits = body.toString("latin1", start, Math.min(space, start + 20));
  const length = /^\+?\d+$/.test(digits) ? Number(digits) : 0;
  const end = start + length;
  const fits = length >= 5 && end <= body.byteLength && end > space + 1;
  return fits && body[end - 1] === 0x0a ? end : undefined;
}

/** Absent and empty are fine. */
function isInteger(text: string | undefined): boolean {
  return text === undefined || /^(?:[+-]?\d{1,18})?$/.test(text);
}

function isTime(text: string | undefined): boolean {
  return text === undefined || /^(?:[+-]?\d{1,18}(?:\.\d*)?)?$/.test(text);
}
