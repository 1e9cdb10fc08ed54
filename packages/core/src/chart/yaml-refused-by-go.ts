import type { Listener } from "./load-yaml.ts";
import { collectScalars, scalarStart } from "./scalar-places.ts";
import type { ScalarPlace } from "./scalar-places.ts";
import { leafFault, type Leaf } from "./yaml-leaf-refused-by-go.ts";

/** Watches one parse; Helm's YAML reader (goyaml, the YAML of 2005) refuses some of what ours takes. */
export interface GoCheck {
  readonly listener: Listener;
  /** Why Helm would not read the text that was parsed; the first reason found. */
  verdict(): string | undefined;
}

/** Without any of these the two readers agree; most charts have none of them, and are not watched. */
const suspicious = /^%|[\t\\&?*]|\] *:/m;
/** Characters; goyaml gives up the search for the `:` of a key there. */
const longestKey = 1024;

/** `undefined` = nothing in the text could be refused. `text`: exactly what is parsed. */
export function createGoCheck(text: string): GoCheck | undefined {
  return suspicious.test(text) || hasLongLine(text) ? watch(text) : undefined;
}

function watch(text: string): GoCheck {
  const scalars = collectScalars();
  let listKey = false;
  let anchors: object = {};
  // The parser turns a list that is a key into text.
  class WatchedList extends Array<unknown> {
    override toString(): string {
      listKey = true;
      return "";
    }
  }
  return {
    listener(event, state) {
      // The published types do not know it.
      if ("anchorMap" in state && typeof state.anchorMap === "object") anchors = state.anchorMap ?? {};
      if (event === "close" && Array.isArray(state.result)) Object.setPrototypeOf(state.result, WatchedList.prototype);
      scalars.listener(event, state);
    },
    verdict() {
      if (listKey) return "a mapping key is a list";
      return directiveFault(text) ?? anchorFault(anchors) ?? textFault(text, scalars.places);
    },
  };
}

export function hasLongLine(text: string): boolean {
  for (let from = 0, end = 0; end >= 0; from = end + 1) {
    end = text.indexOf("\n", from);
    if ((end < 0 ? text.length : end) - from > longestKey) return true;
  }
  return false;
}

function directiveFault(text: string): string | undefined {
  if (!text.includes("%")) return undefined;
  const head = /^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*/.exec(text)?.[0] ?? "";
  for (const [, name, version] of head.matchAll(/^%(\S*)[ \t]*(\S*)/gm)) {
    if (name !== "YAML" && name !== "TAG") return "it has an unknown directive";
    if (name === "YAML" && version !== "1.1") return "its %YAML directive names another version than 1.1";
  }
  return undefined;
}

function anchorFault(anchors: object): string | undefined {
  const odd = Object.keys(anchors).some((name) => !/^[A-Za-z0-9_-]+$/.test(name));
  return odd ? "an anchor's name has other characters than letters, digits, `_`, `-`" : undefined;
}

interface Walk {
  readonly text: string;
  flow: number;
  /** Column of the block collection around. */
  indent: number;
  last: Leaf | undefined;
}

function textFault(text: string, places: readonly ScalarPlace[]): string | undefined {
  const walk: Walk = { text, flow: 0, indent: -1, last: undefined };
  let before = 0;
  for (const { from, end } of places) {
    const start = scalarStart(text, Math.max(from, before));
    const fault = gapFault(walk, before, start);
    if (fault !== undefined) return fault;
    if (walk.flow === 0) walk.indent = indentAround(text, start);
    walk.last = { start, end, indent: walk.indent, flow: walk.flow > 0 };
    const inside = leafFault(text, walk.last);
    if (inside !== undefined) return inside;
    before = end;
  }
  return gapFault(walk, before, text.length);
}

/** The column of the mapping key on the scalar's line, or of the dash where the scalar stands right behind one. */
function indentAround(text: string, start: number): number {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const prefix = /^ *(?:[-?][ \t]+)*/.exec(text.slice(lineStart, start))?.[0] ?? "";
  if (lineStart + prefix.length < start) return prefix.length;
  return Math.max(prefix.trimEnd().length - 1, 0);
}

/** Whether something between two scalars is refused: tabs where goyaml could expect a key. */
function gapFault(walk: Walk, from: number, to: number): string | undefined {
  const { text } = walk;
  const gap = {
    keyAllowed: from === 0 || text.charAt(from - 1) === "\n",
    plain: isPlain(walk),
    newline: false,
    lineStart: from,
  };
  for (let at = from; at < to; at += 1) {
    const char = text.charAt(at);
    if (char === "\t") {
      if (tabFault(walk, gap, at)) return "it has a tab where only spaces may stand";
    } else if (char === "#" && /^\s?$/.test(text.charAt(at - 1))) {
      at = lineEnd(text, at, to) - 1;
      gap.plain = false;
    } else at = passToken(walk, gap, at);
  }
  return undefined;
}

interface Gap {
  keyAllowed: boolean;
  /** Still in the blank space that belongs to the plain scalar before. */
  plain: boolean;
  newline: boolean;
  /** Of the line that `newline` began. */
  lineStart: number;
}

function isPlain({ text, last }: Walk): boolean {
  return last !== undefined && !/^["'|>*]/.test(text.charAt(last.start));
}

function tabFault(walk: Walk, gap: Gap, at: number): boolean {
  if (gap.plain) return gap.newline && at - gap.lineStart <= walk.indent;
  return walk.flow === 0 && gap.keyAllowed;
}

const brackets: ReadonlyMap<string, number> = new Map([
  ["[", 1],
  ["{", 1],
  ["]", -1],
  ["}", -1],
]);

/** Takes one character, or a property as a whole; returns where it ends. */
function passToken(walk: Walk, gap: Gap, at: number): number {
  const char = walk.text.charAt(at);
  if (char === " " || char === "\r") return at;
  if (char === "\n") {
    gap.newline = true;
    gap.lineStart = at + 1;
    gap.keyAllowed = true;
    return at;
  }
  gap.plain = false;
  walk.flow += brackets.get(char) ?? 0;
  gap.keyAllowed = char === "-" || char === "?" || (char === ":" && gap.keyAllowed);
  return /[&!*]/.test(char) ? at + walk.text.slice(at, at + 1024).search(/[\s,[\]{}]|$/) - 1 : at;
}

function lineEnd(text: string, at: number, to: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? to : Math.min(end, to);
}
