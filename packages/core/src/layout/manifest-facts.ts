import type { Descriptor } from "../content.ts";
import { isDigest, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";

/** Largest manifest that is read or written. Source: distribution-spec, "Pushing Manifests" (at least 4 megabytes). */
export const maxManifestBytes = 4 * 1024 * 1024;

export interface ManifestReference {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly kind: "blob" | "manifest";
}

/** What a store must know of a manifest. */
export interface ManifestFacts {
  readonly mediaType: string;
  /** Blobs and manifests without which it is incomplete; the subject is not among them, nor layers that are fetched elsewhere. */
  readonly references: readonly ManifestReference[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerManifestList]);
const imageTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);

export function isIndexType(mediaType: string): boolean {
  return indexTypes.has(mediaType);
}

type Json = Readonly<Record<string, unknown>>;

/** What keeps the bytes from being a manifest of that type, said at the place where it is found. @throws manifest-invalid */
function invalid(why: string): never {
  throw new ChartferryError(`the manifest is not valid: ${why}`, { code: "manifest-invalid", operation: "read manifest" });
}

function objectOf(value: unknown, name: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) invalid(`${name} is not an object`);
  return { ...value };
}

function parseJson(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    invalid("it is not JSON");
  }
  return objectOf(value, "it");
}

/**
 * Reads a manifest. `mediaType` is what the sender calls it, parameters removed; empty = take the manifest's own word.
 * An image manifest that also lists manifests, or an index with layers, is refused: readers would disagree on what it is (CVE-2021-41190).
 */
export function readManifestFacts(bytes: Uint8Array, mediaType: string): ManifestFacts {
  if (bytes.byteLength > maxManifestBytes) {
    throw new ChartferryError(`the manifest has more than ${maxManifestBytes} bytes`, { code: "too-large", operation: "read manifest" });
  }
  const root = parseJson(bytes);
  const type = typeOf(root, mediaType);
  requireShape(root, type);
  const config = indexTypes.has(type) ? undefined : descriptorOf(root["config"], "config");
  return {
    mediaType: type,
    references: config === undefined ? childReferences(root) : imageReferences(root, config),
    subject: isAbsent(root["subject"]) ? undefined : descriptorOf(root["subject"], "subject").digest,
    artifactType: textOf(root["artifactType"]) ?? config?.mediaType,
    annotations: annotationsOf(root["annotations"]),
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function requireShape(root: Json, type: string): void {
  if (root["schemaVersion"] !== 2) invalid("schemaVersion is not 2");
  const foreign = indexTypes.has(type) ? ["config", "layers"] : ["manifests"];
  if (foreign.some((name) => root[name] !== undefined)) invalid(`what is called ${type} has ${foreign.join(" or ")}`);
}

function typeOf(root: Json, declared: string): string {
  const own = root["mediaType"];
  if (!isAbsent(own) && typeof own !== "string") invalid("mediaType is not a text");
  const said = textOf(own) ?? declared;
  if (declared !== "" && said !== declared) invalid("its mediaType differs from the declared type");
  const guess = root["manifests"] === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex;
  const type = said === "" ? guess : said;
  if (!indexTypes.has(type) && !imageTypes.has(type)) invalid("the media type is none of the known manifest types");
  return type;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) invalid(`${name} is not a list`);
  return value;
}

function descriptorOf(value: unknown, name: string): ManifestReference & { mediaType: string | undefined } {
  const fields = objectOf(value, name);
  const { digest, size } = fields;
  if (typeof digest !== "string" || !isDigest(digest)) invalid(`${name} has no digest that can be checked`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) invalid(`${name} has no size`);
  return { digest, size, kind: "blob", mediaType: textOf(fields["mediaType"]) };
}

function imageReferences(root: Json, config: ManifestReference): ManifestReference[] {
  const layers = listOf(root["layers"] ?? [], "layers").map((layer) => descriptorOf(layer, "a layer"));
  return [config, ...layers.filter((layer) => !isFetchedElsewhere(layer.mediaType ?? ""))].map(({ digest, size }) => ({
    digest,
    size,
    kind: "blob",
  }));
}

/** Layers that registries do not hold: OCI non-distributable ones and Docker's foreign ones. */
function isFetchedElsewhere(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}

function childReferences(root: Json): ManifestReference[] {
  return listOf(root["manifests"], "manifests").map((child) => ({ ...descriptorOf(child, "a manifest of the index"), kind: "manifest" }));
}

function annotationsOf(value: unknown): Record<string, string> | undefined {
  if (isAbsent(value)) return undefined;
  const entries = Object.entries(objectOf(value, "annotations"));
  return Object.fromEntries(entries.map(([key, text]) => [key, typeof text === "string" ? text : invalid("an annotation is not a text")]));
}

/** The descriptor under which a manifest appears in a list of referrers. Source: distribution-spec, "Listing Referrers". */
export function referrerDescriptor(facts: ManifestFacts, entry: { digest: Digest; size: number }): Descriptor {
  return {
    mediaType: facts.mediaType,
    digest: entry.digest,
    size: entry.size,
    ...(facts.artifactType === undefined ? {} : { artifactType: facts.artifactType }),
    ...(facts.annotations === undefined ? {} : { annotations: facts.annotations }),
  };
}
