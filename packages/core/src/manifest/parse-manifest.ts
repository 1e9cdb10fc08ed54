import type { Descriptor } from "../content.ts";
import { isDigest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { quote } from "../shown-text.ts";

/** Largest manifest or index that is read or stored, in bytes. Source: distribution spec 1.1, "Pushing Manifests"; oras takes as much. */
export const largestManifest = 4 * 1024 * 1024;
/** Descriptors in one list. */
const mostDescriptors = 10_000;
const mostAnnotations = 10_000;

export interface ImageManifest {
  readonly kind: "manifest";
  /** From the answer's Content-Type, else from the document. */
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

export type ParsedManifest = ImageManifest | ImageIndex;

const manifestTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerManifestList]);

/** Whether what is served as that type names further manifests. */
export function isIndexType(mediaType: string): boolean {
  return indexTypes.has(mediaType);
}

/**
 * Reads a manifest or index that somebody else wrote. One that could be read as both is refused (CVE-2021-41190), as is one whose
 * `mediaType` is not the type it was served as. Descriptors' `urls` are passed over (CVE-2020-15157).
 * @throws manifest-invalid, too-large
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): ParsedManifest {
  const document = parseDocument(bytes);
  const type = agreedType(document, mediaType?.split(";", 1)[0]?.trim());
  if (document["schemaVersion"] !== 2) throw invalid("its schemaVersion is not 2");
  if (!has(document, "manifests")) return readManifest(document, type);
  if (has(document, "layers") || has(document, "config")) throw invalid("it can be read both as a manifest and as an index");
  return readIndex(document, type);
}

function readIndex(document: JsonObject, type: string | undefined): ImageIndex {
  if (type !== undefined && !indexTypes.has(type)) throw invalid(`it is an index, but its type is ${quote(type)}`);
  const manifests = readList(document["manifests"], "manifests");
  return { kind: "index", mediaType: type ?? mediaTypes.ociIndex, manifests, ...readCommon(document) };
}

function readManifest(document: JsonObject, type: string | undefined): ImageManifest {
  if (type !== undefined && !manifestTypes.has(type)) throw invalid(`it is a manifest, but its type is ${quote(type)}`);
  const config = readDescriptor(document["config"], "config");
  const layers = readList(document["layers"], "layers");
  return { kind: "manifest", mediaType: type ?? mediaTypes.ociManifest, config, layers, ...readCommon(document) };
}

function readCommon(document: JsonObject): Pick<ImageManifest, "annotations" | "artifactType" | "subject"> {
  return {
    annotations: textMap(document["annotations"]),
    ...artifactTypeOf(document),
    ...(has(document, "subject") ? { subject: readDescriptor(document["subject"], "subject") } : {}),
  };
}

function artifactTypeOf({ artifactType }: JsonObject): { artifactType?: string } {
  return typeof artifactType === "string" && artifactType !== "" ? { artifactType } : {};
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseDocument(bytes: Uint8Array): JsonObject {
  if (bytes.byteLength > largestManifest) {
    throw new ChartferryError(`the manifest has ${bytes.byteLength} bytes, more than ${largestManifest}`, {
      code: "too-large",
      operation: "read manifest",
    });
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw invalid("it is not JSON", cause);
  }
  if (!isObject(document)) throw invalid("it is not a JSON object");
  return document;
}

/** The type it was served as and the one it names must be one. */
function agreedType(document: JsonObject, served = ""): string | undefined {
  const named = textField(document, "mediaType", "it");
  if (named !== undefined && served !== "" && named !== served) {
    throw invalid(`it names the type ${quote(named)} but was served as ${quote(served)}`);
  }
  return named ?? (served === "" ? undefined : served);
}

/** Empty counts as absent, as does null: Go reads both so. */
function textField(object: JsonObject, key: string, name: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw invalid(`${name} has a ${key} that is not text`);
  return value;
}

function readList(value: unknown, name: string): Descriptor[] {
  // Go writes a nil list as null, and leaves an empty one out where it is told to.
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`);
  if (value.length > mostDescriptors) throw invalid(`${name} has ${value.length} entries, more than ${mostDescriptors}`);
  return value.map((item, index) => readDescriptor(item, `${name}[${index}]`));
}

function readDescriptor(value: unknown, name: string): Descriptor {
  if (!isObject(value)) throw invalid(`${name} is not a descriptor`);
  const { digest, size } = value;
  // Registries store descriptors without a type, so they are read: as one that is nothing of Helm's.
  const mediaType = textField(value, "mediaType", name) ?? "";
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(`${name} has no valid digest`);
  if (!isSize(size)) throw invalid(`${name} has no valid size`);
  const annotations = has(value, "annotations") ? { annotations: textMap(value["annotations"]) } : {};
  return { mediaType, digest, size, ...annotations, ...artifactTypeOf(value) };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function textMap(value: unknown): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  if (value === undefined || value === null) return map;
  if (!isObject(value)) throw invalid("annotations are not a map");
  const entries = Object.entries(value);
  if (entries.length > mostAnnotations) throw invalid(`it has ${entries.length} annotations, more than ${mostAnnotations}`);
  for (const [key, text] of entries) {
    if (typeof text !== "string") throw invalid(`the annotation ${quote(key)} is not text`);
    map[key] = text;
  }
  return map;
}

function has(object: JsonObject, key: string): boolean {
  return Object.hasOwn(object, key) && object[key] !== undefined && (object[key] !== null || key === "manifests" || key === "layers");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(reason: string, cause?: unknown): ChartferryError {
  return new ChartferryError(`the manifest cannot be used: ${reason}`, {
    code: "manifest-invalid",
    operation: "read manifest",
    hint: "push the chart again from its archive",
    ...(cause === undefined ? {} : { cause }),
  });
}
