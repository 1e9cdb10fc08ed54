import type { Note } from "../note.ts";
import { quote } from "../shown-text.ts";
import { parseYaml } from "./parse-yaml.ts";

/** Largest provenance file that is looked at, in bytes: it holds Chart.yaml and a signature. */
const largestProvenance = 5 * 1024 * 1024;

export interface Provenance {
  /** File name → sha256 in hex, as the signed text says. The signature is not verified here. */
  readonly files: ReadonlyMap<string, string>;
}

const messageHeader = "-----BEGIN PGP SIGNED MESSAGE-----";
const signatureHeader = "-----BEGIN PGP SIGNATURE-----";
const signatureEnd = "-----END PGP SIGNATURE-----";

/**
 * Reads a `.prov` file. Only an OpenPGP clear-signed text counts (RFC 9580, section 7): an HTML page answered with status 200 is none.
 * `undefined` = not provenance.
 */
export function readProvenance(bytes: Uint8Array): Provenance | undefined {
  if (bytes.byteLength > largestProvenance) return undefined;
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("utf8")
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  const start = lines.indexOf(messageHeader);
  const signature = lines.indexOf(signatureHeader, start);
  if (start === -1 || signature === -1 || lines.indexOf(signatureEnd, signature) === -1) return undefined;
  const body = lines.indexOf("", start) + 1;
  if (body === 0 || body > signature) return undefined;
  return { files: readFiles(lines.slice(body, signature).map((line) => (line.startsWith("- ") ? line.slice(2) : line))) };
}

/** The signed text is Chart.yaml, a line `...`, then a YAML map with `files`. */
function readFiles(lines: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const separator = lines.indexOf("...");
  if (separator === -1) return files;
  try {
    const node = parseYaml(lines.slice(separator + 1).join("\n"));
    const listed = node instanceof Map ? node.get("files") : undefined;
    if (!(listed instanceof Map)) return files;
    for (const [name, digest] of listed) if (typeof digest === "string") files.set(name, digest.replace(/^sha256:/, ""));
  } catch {
    // Unreadable as YAML: it names no file, and the caller says so.
  }
  return files;
}

/** Remarks on a provenance file that `helm pull --verify` would not match with the chart. */
export function provenanceNotes(provenance: Provenance, chart: { readonly file: string; readonly digest: string }): Note[] {
  const listed = provenance.files.get(chart.file);
  if (listed === undefined) {
    const names = [...provenance.files.keys()].slice(0, 3).map(quote).join(", ");
    const text = `the provenance file does not name ${quote(chart.file)}${names === "" ? "" : ` but ${names}`}: helm pull --verify will fail`;
    return [{ code: "provenance-other-file", text }];
  }
  if (`sha256:${listed.toLowerCase()}` === chart.digest) return [];
  return [
    {
      code: "provenance-other-digest",
      text: `the provenance file was made for other bytes of ${quote(chart.file)}: helm pull --verify will fail`,
    },
  ];
}
