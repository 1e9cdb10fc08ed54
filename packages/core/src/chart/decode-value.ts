import { float32Text } from "./float-text.ts";
import { foldedKey } from "./folded-key.ts";
import { compareUtf8 } from "./go-json.ts";
import { Scalar } from "./load-yaml.ts";
import type { YamlNode } from "./parse-yaml.ts";

/** What could not be decoded, as a path and a reason; decoding goes on with the rest. */
export type Complaints = string[];

/** How a field is decoded: what stood there before is what `null` and a wrong type leave there. */
export type Decode<Value> = (node: YamlNode, before: Value, at: Place) => Value;

export interface Place {
  readonly path: string;
  readonly complaints: Complaints;
}

/** Numbers and booleans aimed at text become text (sigs.k8s.io/yaml). */
export const decodeText: Decode<string> = (node, before, at) => {
  if (node === null) return before;
  if (typeof node === "string") return node;
  if (node instanceof Scalar) return typeof node.value === "number" ? float32Text(node.value) : String(node.value);
  return refuse(at, "text", before);
};

export const decodeFlag: Decode<boolean> = (node, before, at) => {
  if (node === null) return before;
  return node instanceof Scalar && typeof node.value === "boolean" ? node.value : refuse(at, "true or false", before);
};

/** encoding/json reuses a slice's old elements: a list decoded on top of another changes it element by element. */
export function decodeList<Item>(decode: Decode<Item>, empty: () => Item): Decode<Item[]> {
  return (node, before, at) => {
    if (node === null) return [];
    if (!Array.isArray(node)) return refuse(at, "a list", before);
    return node.map((item, index) => decode(item, before[index] ?? empty(), { path: `${at.path}[${index}]`, complaints: at.complaints }));
  };
}

/** An object behind a pointer: `null` stays `null`. */
export function decodeEntry<Item extends object>(fields: Fields<Item>, empty: () => Item): Decode<Item | null> {
  return (node, before, at) => (node === null ? null : decodeObject(node, { ...(before ?? empty()) }, { ...at, fields }));
}

/** Annotations: later maps add to earlier ones; a null value is empty text. */
export const decodeTextMap: Decode<Map<string, string>> = (node, before, at) => {
  if (node === null) return new Map();
  if (!(node instanceof Map)) return refuse(at, "a map", before);
  const decoded = new Map(before);
  for (const [key, value] of node) {
    decoded.set(key, decodeText(value, "", { path: `${at.path}.${key}`, complaints: at.complaints }));
  }
  return decoded;
};

/** Free-form values (`import-values`): what JSON makes of them, every number a 64-bit float. */
export const decodeAnything: Decode<unknown> = (node, _before, at) => {
  if (node === null || typeof node === "string") return node;
  if (node instanceof Scalar) return typeof node.value === "boolean" ? node.value : jsonNumber(node.value, at);
  if (Array.isArray(node)) return node.map((item) => decodeAnything(item, null, at));
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, value] of node) object[key] = decodeAnything(value, null, at);
  return object;
};

export type Fields<Target> = { readonly [Key in keyof Target & string]: Decode<Target[Key]> };

/**
 * Decodes a mapping on top of `target`. Keys match without regard to case; they are taken in byte order, so of `Name` and `name`
 * the latter wins; unknown keys are passed over.
 */
export function decodeObject<Target extends object>(
  node: YamlNode,
  target: Target,
  at: Place & { readonly fields: Fields<Target> },
): Target {
  if (node === null) return target;
  if (!(node instanceof Map)) return refuse(at, "a map", target);
  const entries = [...node].toSorted(([a], [b]) => compareUtf8(a, b));
  for (const [key, value] of entries) decodeField(target, { key, value }, at);
  return target;
}

function decodeField<Target extends object>(
  target: Target,
  entry: { readonly key: string; readonly value: YamlNode },
  at: Place & { readonly fields: Fields<Target> },
): void {
  const name = fieldNamed(at.fields, entry.key);
  const place = { path: at.path === "" ? entry.key : `${at.path}.${entry.key}`, complaints: at.complaints };
  if (name === undefined) decodeAnything(entry.value, null, place);
  else target[name] = at.fields[name](entry.value, target[name], place);
}

function fieldNamed<Target>(fields: Fields<Target>, key: string): (keyof Target & string) | undefined {
  if (isField(fields, key)) return key;
  const folded = foldedKey(key);
  const name = Object.keys(fields).find((candidate) => foldedKey(candidate) === folded);
  return name !== undefined && isField(fields, name) ? name : undefined;
}

function isField<Target>(fields: Fields<Target>, name: string): name is keyof Target & string {
  return Object.hasOwn(fields, name);
}

function jsonNumber(value: bigint | number, at: Place): unknown {
  const number = Number(value);
  return Number.isFinite(number) ? number : refuse(at, "a number that JSON can hold", null);
}

/** Complaints per document: a hostile one may have any number. */
const mostComplaints = 20;

function refuse<Value>(at: Place, wanted: string, before: Value): Value {
  if (at.complaints.length < mostComplaints) at.complaints.push(`${at.path === "" ? "the document" : at.path} is not ${wanted}`);
  return before;
}
