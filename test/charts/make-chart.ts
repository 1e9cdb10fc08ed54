import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

export interface TestChart {
  readonly name: string;
  readonly version: string;
  /** `name-version.tgz` */
  readonly file: string;
  readonly archive: Buffer;
  /** `sha256:` and the hex digits. */
  readonly digest: string;
  /** Lines of an index entry, without `urls`, `digest` and `created`. */
  readonly metadata: readonly string[];
}

export interface ChartOptions {
  /** Further lines of Chart.yaml. */
  readonly lines?: readonly string[];
  /** Further files of the archive, below the chart's folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A small chart that every Helm loads; the same arguments give the same bytes. */
export function makeChart(name: string, version: string, { lines = [], files = {} }: ChartOptions = {}): TestChart {
  const metadata = ["apiVersion: v2", `name: ${name}`, `version: ${version}`, ...lines];
  const contents = { "Chart.yaml": `${metadata.join("\n")}\n`, "values.yaml": `# values of ${name}\n`, ...files };
  const entries = Object.entries(contents).map(([path, text]) => tarEntry(`${name}/${path}`, Buffer.from(text)));
  const archive = gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
  return { name, version, file: `${name}-${version}.tgz`, archive, digest: digestOf(archive), metadata };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Seconds since 1970 of every entry: 2024-01-02T03:04:05Z. */
const MODIFIED = 1_704_164_645;

/** POSIX ustar: a header of 512 bytes, the content, zeros up to the next block. */
function tarEntry(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write("0000644\0", 100);
  header.write("0000000\0".repeat(2), 108);
  header.write(`${content.byteLength.toString(8).padStart(11, "0")}\0`, 124);
  header.write(`${MODIFIED.toString(8).padStart(11, "0")}\0`, 136);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.byteLength % 512)) % 512)]);
}
