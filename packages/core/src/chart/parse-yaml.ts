import { FAILSAFE_SCHEMA, load, Schema, Type, type LoadOptions } from "js-yaml";

import { floatKeyText } from "./float-text.ts";
import { createGoCheck, type ParserState } from "./yaml-refused-by-go.ts";
import { resolvePlain, resolveTagged, scalarTags, type GoScalar } from "./yaml-scalar.ts";

/** A YAML node after aliases and merge keys are resolved. Text stays text; `Scalar` is what YAML gave another type. */
export type YamlNode = string | null | Scalar | YamlNode[] | YamlMapping;
export type YamlMapping = Map<string, YamlNode>;

/** Nesting that we follow. goyaml's own limit is 10,000; ours is what a stack of 1 MB takes, with some to spare (measured: 1,650). */
const maxDepth = 1000;
/** Nodes after alias expansion; beyond, goyaml speaks of excessive aliasing. */
const maxNodes = 400_000;
/** Of one document; the first one is enough for a report. */
const mostRefusals = 5;
/** Where plain `<<` keys and null keys stand in the parser's objects: no YAML text can hold U+0000. */
const mergeKey = "\0merge";
const nullKey = "\0null";
/** What the parser makes of a mapping as a key. */
const mappingKey = "[object Object]";

/** A plain scalar that is no text: boolean, integer (`bigint`), float (`number`). */
export class Scalar {
  readonly value: boolean | bigint | number;
  constructor(value: boolean | bigint | number) {
    this.value = value;
  }
  /** The text as a map key. */
  toString(): string {
    return typeof this.value === "number" ? floatKeyText(this.value) : String(this.value);
  }
  /** Keeps the parser from taking it for a mapping where it is a key. */
  get [Symbol.toStringTag](): string {
    return "Scalar";
  }
}

class NullScalar {
  toString(): string {
    return nullKey;
  }
  get [Symbol.toStringTag](): string {
    return "Null";
  }
}

let merges = 0;
/** Each `<<` gets a key of its own: a mapping may have several, and all count. */
class MergeScalar {
  toString(): string {
    merges = (merges + 1) % Number.MAX_SAFE_INTEGER;
    return `${mergeKey}${merges}`;
  }
  get [Symbol.toStringTag](): string {
    return "Merge";
  }
}

/**
 * Parses the first document of a YAML stream as Helm does (goyaml v2: YAML 1.1 typing, duplicate keys tolerated, the last wins,
 * a merge key overrides what stands before it). The one place that knows the YAML library. @throws Error with the reason
 */
export function parseYaml(text: string, refusals?: string[]): YamlNode {
  return withinStack(() => {
    const raw = loadDocument(firstDocument(text), options, refusals);
    checkSize(raw);
    return convert(raw, refusals);
  });
}

/** The document is nested deeper than we follow; Helm may read it all the same. */
export class TooDeepError extends Error {}

function withinStack<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : "not YAML";
    const deep = cause instanceof RangeError || reason.startsWith("nesting exceeded");
    if (deep) throw new TooDeepError(`it is nested deeper than the ${maxDepth} levels that are followed here`, { cause });
    throw new Error(reason, { cause });
  }
}

/** `refusals` takes what Helm's reader would not read although ours does; without it, nobody looks for that. */
function loadDocument(document: string, how: Options, refusals: string[] | undefined): unknown {
  const check = refusals === undefined ? undefined : createGoCheck(document);
  if (check === undefined) return load(document, how);
  const raw = load(document, { ...how, listener: check.listener });
  const verdict = check.verdict();
  if (verdict !== undefined) refusals?.push(verdict);
  return raw;
}

/** What makes a document readable or not beyond its syntax: odd floats, null keys, aliases, merges, explicit tags. */
const needsTyping = /\.(?:nan|inf)\b|[&*]\w|<<|\bnull\s*:|~\s*:|!!|\?\s|\}\s*:/i;

/**
 * Whether Helm could read the text as a map: as `parseYaml`, but without giving scalars their types where that can change nothing
 * (values files are large, and only this is asked of them). Returns the map where types were needed. @throws Error with the reason
 */
export function checkYamlMap(text: string, refusals?: string[]): YamlNode | undefined {
  const document = firstDocument(text);
  let root: unknown;
  if (needsTyping.test(document)) root = parseYaml(document, refusals);
  else root = withinStack(() => loadDocument(document, syntaxOnly, refusals));
  const isMap = root instanceof Map || (isCollection(root) && !Array.isArray(root));
  if (!isMap && root !== null && root !== undefined) throw new Error("it is not a map");
  return root instanceof Map ? root : undefined;
}

/** goyaml reads one document; what follows `---` or `...` is not even looked at. */
function firstDocument(text: string): string {
  const markers = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
  for (let match = markers.exec(text); match !== null; match = markers.exec(text)) {
    const before = text.slice(0, match.index);
    if (match[0] === "---" && /^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*$/.test(before)) continue;
    return before;
  }
  return text;
}

function scalarNode(value: GoScalar): unknown {
  if (value === null) return new NullScalar();
  return typeof value === "string" ? value : new Scalar(value);
}

const standardTag = "tag:yaml.org,2002:";

const schema = new Schema({
  implicit: [
    new Type(`${standardTag}x-plain`, {
      kind: "scalar",
      resolve: (text: unknown) => text !== null,
      construct: (text: string) => (text === "<<" ? new MergeScalar() : scalarNode(resolvePlain(text))),
    }),
  ],
  explicit: [
    new Type(`${standardTag}merge`, { kind: "scalar", construct: (text: string) => (text === "<<" ? new MergeScalar() : text) }),
    ...scalarTags.map(
      (name) =>
        new Type(standardTag + name, {
          kind: "scalar",
          resolve: (text: string | null) => resolveTagged(name, text ?? "") !== undefined,
          construct: (text: string | null) => scalarNode(resolveTagged(name, text ?? "") ?? null),
        }),
    ),
    // Foreign tags mean nothing to Helm: the text, sequence or mapping counts as it stands.
    ...(["scalar", "sequence", "mapping"] as const).flatMap((kind) =>
      ["!", "tag:", ""].map((tag) => new Type(tag, { kind, multi: true, construct: (data: unknown) => data ?? "" })),
    ),
  ],
});

/** The published types do not know `maxDepth` yet. */
type Options = Omit<LoadOptions, "listener"> & {
  readonly maxDepth: number;
  readonly listener?: (event: string, state: ParserState) => void;
};
const options: Options = { schema, json: true, maxDepth };
const syntaxOnly: Options = { schema: FAILSAFE_SCHEMA, json: true, maxDepth };

/** Counts what aliases would expand to without expanding them. @throws Error */
function checkSize(root: unknown): void {
  const sizes = new Map<object, number>();
  const open = new Set<object>();
  const sizeOf = (node: unknown): number => {
    if (!isCollection(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    if (open.has(node)) throw new Error("an anchor's value contains itself");
    open.add(node);
    let size = 1;
    for (const child of Object.values(node)) size += sizeOf(child);
    open.delete(node);
    sizes.set(node, size);
    return size;
  };
  if (sizeOf(root) > maxNodes) throw new Error("the document contains excessive aliasing");
}

function isCollection(node: unknown): node is object {
  return typeof node === "object" && node !== null && (Array.isArray(node) || Object.getPrototypeOf(node) === Object.prototype);
}

/** A part that Helm would not read is left out and named, where `refusals` takes names; else it is an error. */
function convert(node: unknown, refusals?: string[]): YamlNode {
  if (typeof node === "string" || node instanceof Scalar) return node;
  if (Array.isArray(node)) return Array.from(node, (item) => convert(item, refusals));
  if (node instanceof MergeScalar) return "<<";
  return isCollection(node) ? convertMapping(node, refusals) : null;
}

function convertMapping(node: object, refusals: string[] | undefined): YamlMapping {
  const mapping: YamlMapping = new Map();
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith(mergeKey)) merge(mapping, value, refusals);
    else if (key === nullKey) refuse("a mapping key is null", refusals);
    else if (key === mappingKey) refuse("a mapping key is a mapping", refusals);
    else mapping.set(key, convert(value, refusals));
  }
  return mapping;
}

function refuse(reason: string, refusals: string[] | undefined): void {
  if (refusals === undefined) throw new Error(reason);
  if (refusals.length < mostRefusals) refusals.push(reason);
}

/** goyaml v2 lets a merge override keys that stand before it; of several maps the earlier wins. */
function merge(into: YamlMapping, value: unknown, refusals: string[] | undefined): void {
  for (const source of Array.isArray(value) ? Array.from(value).toReversed() : [value]) {
    const mapping = convert(source, refusals);
    if (mapping instanceof Map) for (const [key, node] of mapping) into.set(key, node);
    else refuse("a map merge needs a map or a sequence of maps", refusals);
  }
}
