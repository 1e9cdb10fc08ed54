import { keepText, type KeptText } from "./kept-text.ts";

/** One part of a JSON index that can be parsed by itself. Text is latin1: one character a byte. */
export type JsonPiece =
  /** One element of a chart's list; `text`: `undefined` = above the limit. */
  | {
      readonly kind: "item";
      readonly chart: string;
      readonly text: string | undefined;
      readonly line: number;
      /** Keys in it at any depth, one that stands twice counted twice. */
      readonly members: number;
      /** The text of its own key `version`. */
      readonly version: string;
    }
  /** A chart whose value is no list; `undefined` = longer than any that stands for an empty one. */
  | { readonly kind: "chart"; readonly chart: string; readonly text: string | undefined; readonly line: number };

/** A value that is passed over or kept as text, whatever it holds. */
export interface OpenValue {
  readonly kept: KeptText;
  readonly line: number;
  /** Brackets open in it. */
  nest: number;
  members: number;
  /** The last string directly in it, and the key that the next one belongs to. */
  word: string;
  field: string;
  version: string;
}

/**
 * Where the scanner stands. Only the index, its `entries` and their lists are looked into, and must be JSON; what lies deeper is text, in
 * which brackets outside strings need to balance and nothing more.
 */
export interface JsonScanner {
  place: "start" | "index" | "charts" | "versions" | "end";
  awaits: "key" | "colon" | "value" | "comma";
  chunk: string;
  /** Where the open key or value begins in the chunk. */
  from: number;
  line: number;
  /** Within a string, and behind a backslash in it. */
  quoted: boolean;
  escaped: boolean;
  /** One of the two is open at most. */
  key: KeptText | undefined;
  value: OpenValue | undefined;
  /** The last keys of the index and of its entries. */
  field: string;
  chart: string;
  readonly topKeys: Set<string>;
  /** What the last `entries` holds. */
  entries: "missing" | "map" | "none" | "other";
  /** Marks of YAML stand outside strings, so brackets and quotes may mean something else. */
  foreign: boolean;
  /** Why it is no JSON index. */
  irregular: string | undefined;
  pieces: JsonPiece[];
  /** Bytes of one entry. */
  readonly itemLimit: number;
}

export function createJsonScanner(itemLimit: number): JsonScanner {
  return {
    place: "start",
    awaits: "value",
    chunk: "",
    from: 0,
    line: 1,
    quoted: false,
    escaped: false,
    key: undefined,
    value: undefined,
    field: "",
    chart: "",
    topKeys: new Set(),
    entries: "missing",
    foreign: false,
    irregular: undefined,
    pieces: [],
    itemLimit,
  };
}

/** Codes of the characters that make up JSON's structure. */
export const sign = { newline: 10, quote: 34, comma: 44, colon: 58, listBegin: 91, backslash: 92, listEnd: 93, mapBegin: 123, mapEnd: 125 };

/** Keeps what is open of the chunk. */
export function keepUntil({ key, value, chunk, from }: JsonScanner, end: number): void {
  const open = key ?? value?.kept;
  if (open !== undefined) keepText(open, chunk, { from, end });
}
