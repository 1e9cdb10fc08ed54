import { gzipSync } from "node:zlib";

/** One entry of a test archive. Everything a hostile header may say can be said. */
export interface ArchiveEntry {
  /** As written into the header, unchecked; longer than 100 bytes needs `pax` or a GNU long name. */
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** Type flag; default `0`, a file. `1` hard link, `2` symlink, `5` folder, `x` pax, `g` global pax, `L` GNU long name. */
  readonly type?: string;
  readonly linkName?: string;
  /** Seconds since 1970. Default 2020-01-01. */
  readonly modified?: number;
  /** What the header declares, if not the content's length. */
  readonly declaredSize?: number;
  /** Breaks the header's checksum. */
  readonly badChecksum?: boolean;
  /** Old-style header without `ustar`. */
  readonly magic?: string;
}

/** Bytes of one tar block. */
export const blockBytes = 512;

/** A plain tar stream; `endBlocks` zero blocks mark its end (2 by the standard). */
export function buildTar(entries: readonly ArchiveEntry[], options: { readonly endBlocks?: number } = {}): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc((options.endBlocks ?? 2) * blockBytes)]);
}

/** A gzipped tar. */
export function buildArchive(entries: readonly ArchiveEntry[], options: { readonly endBlocks?: number } = {}): Buffer {
  return gzipSync(buildTar(entries, options));
}

/** A chart archive from file names (within the chart) and contents; the folder has the name `chart`. */
export function buildChart(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  return buildArchive(Object.entries(files).map(([name, content]) => ({ name: `chart/${name}`, content })));
}

/** The smallest chart that Helm loads, with more files if given. */
export function buildSmallChart(
  chart: { readonly name?: string; readonly version?: string } = {},
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Buffer {
  const { name = "small", version = "1.0.0" } = chart;
  return buildChart({ "Chart.yaml": `apiVersion: v2\nname: ${name}\nversion: ${version}\n`, ...files });
}

/** The body of a pax header: one record for each pair. */
export function paxRecords(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join("");
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length + bytes !== length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

function entryBlocks(entry: ArchiveEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? "");
  const padding = (blockBytes - (content.byteLength % blockBytes)) % blockBytes;
  return [header(entry, content.byteLength), content, Buffer.alloc(padding)];
}

function header(entry: ArchiveEntry, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(entry.name, 0, 100, "utf8");
  writeOctal(block, { at: 100, digits: 7, value: 0o644 });
  writeOctal(block, { at: 108, digits: 7, value: 0 });
  writeOctal(block, { at: 116, digits: 7, value: 0 });
  writeOctal(block, { at: 124, digits: 11, value: entry.declaredSize ?? size });
  writeOctal(block, { at: 136, digits: 11, value: entry.modified ?? 1_577_836_800 });
  block.write(entry.type ?? "0", 156, 1, "latin1");
  block.write(entry.linkName ?? "", 157, 100, "utf8");
  block.write(entry.magic ?? "ustar\u{0}00", 257, 8, "latin1");
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${(entry.badChecksum === true ? sum + 1 : sum).toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return block;
}

function writeOctal(block: Buffer, field: { readonly at: number; readonly digits: number; readonly value: number }): void {
  block.write(field.value.toString(8).padStart(field.digits, "0"), field.at, field.digits, "latin1");
}
