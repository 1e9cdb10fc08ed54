import type { Digest } from "../digest.ts";
import { isDigest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { isTag } from "../reference/chart-tag.ts";

/** Where image-spec puts the tag of an entry. */
const refName = "org.opencontainers.image.ref.name";
/** olareg's mark on the entry that lists the referrers of a subject; it answers the referrers API from that list alone. */
const referrersOf = "org.olareg.referrer.subject";

/** A manifest of the layout. `extra` holds whatever else its entry said, kept for the tools that wrote it. */
export interface ManifestEntry {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface IndexDocument {
  /** Every entry with its tag, in the order of the file. */
  readonly entries: readonly { readonly entry: ManifestEntry; readonly tag: string | undefined }[];
  /** By subject. */
  readonly referrerLists: ReadonlyMap<Digest, ManifestEntry>;
  /** Entries whose name is no tag (other tools write whole references there): written back as they are. */
  readonly foreign: readonly Readonly<Record<string, unknown>>[];
  readonly annotations: Readonly<Record<string, unknown>> | undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Unusable entries are left out; a document that is none at all is refused. @throws layout-invalid */
export function parseIndexDocument(bytes: Uint8Array, path: string): IndexDocument {
  const root = parseObject(bytes);
  if (root === undefined || (root["manifests"] !== undefined && root["manifests"] !== null && !Array.isArray(root["manifests"]))) {
    throw new ChartferryError(`${path} is not an image index`, {
      code: "layout-invalid",
      operation: "read layout",
      hint: "the directory is damaged or no image layout: restore the file, or choose another directory",
    });
  }
  const entries: { entry: ManifestEntry; tag: string | undefined }[] = [];
  const referrerLists = new Map<Digest, ManifestEntry>();
  const foreign: Record<string, unknown>[] = [];
  for (const item of descriptorsOf(root)) {
    if (item.subject !== undefined) referrerLists.set(item.subject, item.entry);
    else if (item.tag === undefined || isTag(item.tag)) entries.push(item);
    else foreign.push(item.raw);
  }
  return { entries, referrerLists, foreign, annotations: isObject(root["annotations"]) ? root["annotations"] : undefined };
}

interface ParsedDescriptor {
  readonly entry: ManifestEntry;
  readonly tag: string | undefined;
  readonly subject: Digest | undefined;
  readonly raw: Record<string, unknown>;
}

function* descriptorsOf(root: Record<string, unknown>): Generator<ParsedDescriptor> {
  const list = root["manifests"];
  if (!Array.isArray(list)) return;
  for (const raw of list as readonly unknown[]) {
    const parsed = isObject(raw) ? parseDescriptor(raw) : undefined;
    if (parsed !== undefined) yield parsed;
  }
}

function isDigestText(value: unknown): value is Digest {
  return typeof value === "string" && isDigest(value);
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function parseDescriptor(raw: Record<string, unknown>): ParsedDescriptor | undefined {
  const { digest, mediaType, size, annotations, ...others } = raw;
  if (!isDigestText(digest) || !isSize(size)) return undefined;
  const { [refName]: tag, [referrersOf]: subject, ...notes } = isObject(annotations) ? annotations : {};
  const extra = { ...others, ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }) };
  return {
    entry: {
      digest,
      mediaType: textOf(mediaType) ?? mediaTypes.ociManifest,
      size,
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    },
    tag: textOf(tag),
    subject: isDigestText(subject) ? subject : undefined,
    raw,
  };
}

/** The manifests that a nested index names, without their tags. An index that cannot be read names none. */
export function childrenOf(bytes: Uint8Array): ManifestEntry[] {
  const root = parseObject(bytes);
  return root === undefined
    ? []
    : [...descriptorsOf(root)].map(({ entry }) => ({ digest: entry.digest, mediaType: entry.mediaType, size: entry.size }));
}

export interface IndexContent {
  /** Tags in order. */
  readonly tagged: Iterable<readonly [tag: string, entry: ManifestEntry]>;
  readonly untagged: Iterable<ManifestEntry>;
  readonly referrerLists: Iterable<readonly [subject: Digest, entry: ManifestEntry]>;
  readonly foreign: readonly Readonly<Record<string, unknown>>[];
  readonly annotations: Readonly<Record<string, unknown>> | undefined;
}

function describe(entry: ManifestEntry, name: Readonly<Record<string, string>> | undefined): string {
  const plain = { mediaType: entry.mediaType, digest: entry.digest, size: entry.size };
  if (entry.extra === undefined) return JSON.stringify(name === undefined ? plain : { ...plain, annotations: name });
  const { annotations, ...others } = entry.extra;
  const notes = { ...(isObject(annotations) ? annotations : {}), ...name };
  return JSON.stringify({ ...plain, ...others, ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }) });
}

/** The bytes of `index.json`: one entry per tag, then the manifests without one. zot finds referrers among those, olareg in the lists. */
export function serialiseIndex(content: IndexContent): Buffer {
  const lines: string[] = content.foreign.map((raw) => JSON.stringify(raw));
  for (const [tag, entry] of content.tagged) lines.push(describe(entry, { [refName]: tag }));
  for (const entry of content.untagged) lines.push(describe(entry, undefined));
  for (const [subject, entry] of content.referrerLists) lines.push(describe(entry, { [referrersOf]: subject }));
  const tail = content.annotations === undefined ? "" : `,"annotations":${JSON.stringify(content.annotations)}`;
  return Buffer.from(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${lines.join(",\n")}]${tail}}\n`);
}
