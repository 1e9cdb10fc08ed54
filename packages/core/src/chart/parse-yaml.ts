import { goDocument, type GoDocument } from "./go-document.ts";
import { loadTyped, loadUntyped, maxDepth, mergeKey, MergeScalar, nullKey, Scalar, type Listener } from "./load-yaml.ts";
import { createGoCheck } from "./yaml-refused-by-go.ts";

/** A YAML node after aliases and merge keys are resolved. Text stays text; `Scalar` is what YAML gave another type. */
export type YamlNode = string | null | Scalar | YamlNode[] | YamlMapping;
export type YamlMapping = Map<string, YamlNode>;

/** Nodes after alias expansion; beyond, goyaml speaks of excessive aliasing. */
const maxNodes = 400_000;
/** Of one document; the first one is enough for a report. */
const mostRefusals = 5;
/** What the parser makes of a mapping as a key. */
const mappingKey = "[object Object]";

/**
 * Parses the first document of a YAML stream as Helm does (goyaml v2: YAML 1.1 typing, duplicate keys tolerated, the last wins,
 * a merge key overrides what stands before it). @throws Error with the reason
 */
export function parseYaml(text: string, refusals?: string[]): YamlNode {
  return withinStack(() => parseDocument(goDocument(text, { exact: true, refusals }), refusals));
}

function parseDocument(document: GoDocument, refusals: string[] | undefined): YamlNode {
  const raw = loadDocument(document, loadTyped, refusals);
  checkSize(raw);
  return convert(raw, refusals);
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
function loadDocument(
  { text, checked }: GoDocument,
  load: (document: string, listener?: Listener) => unknown,
  refusals: string[] | undefined,
): unknown {
  const check = checked || refusals === undefined ? undefined : createGoCheck(text);
  if (check === undefined) return load(text);
  const raw = load(text, check.listener);
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
  const root = withinStack(() => {
    const document = goDocument(text, { exact: false, refusals });
    return needsTyping.test(document.text) ? parseDocument(document, refusals) : loadDocument(document, loadUntyped, refusals);
  });
  const isMap = root instanceof Map || (isCollection(root) && !Array.isArray(root));
  if (!isMap && root !== null && root !== undefined) throw new Error("it is not a map");
  return root instanceof Map ? root : undefined;
}

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
