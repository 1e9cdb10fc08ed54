import { FAILSAFE_SCHEMA, load, Schema, Type, type LoadOptions } from "js-yaml";

import { floatKeyText } from "./float-text.ts";
import { resolvePlain, resolveTagged, scalarTags, type GoScalar } from "./yaml-scalar.ts";

/** Nesting that we follow. goyaml's own limit is 10,000; ours is what a stack of 1 MB takes, with some to spare (measured: 1,650). */
export const maxDepth = 1000;
/** Where plain `<<` keys and null keys stand in the parser's objects: no YAML text can hold U+0000. */
export const mergeKey = "\0merge";
export const nullKey = "\0null";

/** A plain scalar that is no text: boolean, integer (`bigint`), float (`number`). */
export class Scalar {
  readonly value: boolean | bigint | number;
  /** As it stands in the text. */
  readonly source: string;
  constructor(value: boolean | bigint | number, source: string) {
    this.value = value;
    this.source = source;
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
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
  toString(): string {
    return nullKey;
  }
  get [Symbol.toStringTag](): string {
    return "Null";
  }
}

let merges = 0;
/** Each `<<` gets a key of its own: a mapping may have several, and all count. */
export class MergeScalar {
  toString(): string {
    merges = (merges + 1) % Number.MAX_SAFE_INTEGER;
    return `${mergeKey}${merges}`;
  }
  get [Symbol.toStringTag](): string {
    return "Merge";
  }
}

/** What the parser shows of itself whenever a node begins and ends. */
export interface ParserState {
  readonly position: number;
  readonly kind: string | null;
  readonly result: unknown;
}

export type Listener = (event: string, state: ParserState) => void;

/** Parses one document with YAML 1.1 types. Null, `<<` and typed scalars are objects. @throws YAMLException, RangeError on absurd nesting */
export function loadTyped(document: string, listener?: Listener): unknown {
  return load(document, withListener(typed, listener));
}

/** As `loadTyped`, every scalar left as text. */
export function loadUntyped(document: string, listener?: Listener): unknown {
  return load(document, withListener(untyped, listener));
}

function withListener(options: Options, listener: Listener | undefined): Options {
  return listener === undefined ? options : { ...options, listener };
}

function scalarNode(value: GoScalar, source: string): unknown {
  if (value === null) return new NullScalar(source);
  return typeof value === "string" ? value : new Scalar(value, source);
}

/** The text that a tag is for; one that could be a key has its type before its tag is looked at. */
function sourceOf(data: unknown): string {
  if (data instanceof Scalar || data instanceof NullScalar) return data.source;
  return typeof data === "string" ? data : "";
}

const standardTag = "tag:yaml.org,2002:";

const schema = new Schema({
  implicit: [
    new Type(`${standardTag}x-plain`, {
      kind: "scalar",
      resolve: (text: unknown) => text !== null,
      construct: (text: string) => (text === "<<" ? new MergeScalar() : scalarNode(resolvePlain(text), text)),
    }),
  ],
  explicit: [
    new Type(`${standardTag}merge`, { kind: "scalar", construct: (text: string) => (text === "<<" ? new MergeScalar() : text) }),
    ...scalarTags.map(
      (name) =>
        new Type(standardTag + name, {
          kind: "scalar",
          resolve: (data: unknown) => resolveTagged(name, sourceOf(data)) !== undefined,
          construct: (data: unknown) => scalarNode(resolveTagged(name, sourceOf(data)) ?? null, sourceOf(data)),
        }),
    ),
    // Foreign tags mean nothing to Helm: the text, sequence or mapping counts as it stands.
    ...(["scalar", "sequence", "mapping"] as const).flatMap((kind) =>
      ["!", "tag:", ""].map(
        (tag) => new Type(tag, { kind, multi: true, construct: (data: unknown) => (kind === "scalar" ? sourceOf(data) : data) }),
      ),
    ),
  ],
});

/** The published types do not know `maxDepth` yet. */
type Options = Omit<LoadOptions, "listener"> & {
  readonly maxDepth: number;
  readonly listener?: Listener;
};
const typed: Options = { schema, json: true, maxDepth };
const untyped: Options = { schema: FAILSAFE_SCHEMA, json: true, maxDepth };
