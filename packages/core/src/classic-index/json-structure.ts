import { utf8Text } from "./index-input.ts";
import { topKey } from "./index-keys.ts";
import { type JsonScanner, keepUntil, type OpenValue, sign } from "./json-scanner.ts";
import { beginText, textOf } from "./kept-text.ts";

/** Bytes of a value that stands for an empty list or map: `null`, and the texts that are taken for it. */
const longestNull = 64;

const awaited = { key: sign.quote, colon: sign.colon, comma: sign.comma } as const;

/** A character between keys and values; where to go on. */
export function passBetween(scanner: JsonScanner, code: number, at: number): number {
  if (isClosing(scanner, code)) return closePlace(scanner, at);
  if (scanner.place === "end") return refuse(scanner, "something follows its last bracket", at);
  if (scanner.awaits === "value") return beginValue(scanner, code, at);
  if (code !== awaited[scanner.awaits]) return refuse(scanner, "it is written in flow style", at);
  if (code === sign.quote) return beginKey(scanner, at);
  return goOn(scanner, code === sign.colon || scanner.place === "versions" ? "value" : "key", at);
}

function goOn(scanner: JsonScanner, awaits: JsonScanner["awaits"], at: number): number {
  scanner.awaits = awaits;
  return at + 1;
}

function refuse(scanner: JsonScanner, why: string, at: number): number {
  scanner.irregular = `${why} (line ${scanner.line})`;
  return at;
}

/** A comma before it is let pass, as YAML lets it. */
function isClosing({ place, awaits }: JsonScanner, code: number): boolean {
  if (place === "versions") return code === sign.listEnd;
  const isMap = place === "index" || place === "charts";
  return isMap && code === sign.mapEnd && (awaits === "key" || awaits === "comma");
}

const outer = { start: "end", index: "end", charts: "index", versions: "charts", end: "end" } as const;

function closePlace(scanner: JsonScanner, at: number): number {
  scanner.place = outer[scanner.place];
  return goOn(scanner, "comma", at);
}

function beginKey(scanner: JsonScanner, at: number): number {
  scanner.key = beginText(scanner.itemLimit);
  scanner.quoted = true;
  scanner.from = at;
  return at + 1;
}

/** `at`: its closing quote. */
export function endKey(scanner: JsonScanner, at: number): void {
  keepUntil(scanner, at + 1);
  const name = scanner.key === undefined ? undefined : nameOf(textOf(scanner.key));
  scanner.key = undefined;
  scanner.awaits = "colon";
  if (name === undefined) refuse(scanner, "it has a key that cannot be read", at);
  else if (scanner.place === "charts") scanner.chart = name;
  else {
    scanner.field = topKey(name);
    if (scanner.topKeys.size < 64) scanner.topKeys.add(scanner.field);
  }
}

function nameOf(quoted: string | undefined): string | undefined {
  try {
    return quoted === undefined ? undefined : String(JSON.parse(utf8Text(quoted)));
  } catch {
    return undefined;
  }
}

/** Looks into it, or reads it as one. */
function beginValue(scanner: JsonScanner, code: number, at: number): number {
  const { place, field } = scanner;
  if (place === "start" && code === sign.mapBegin) return enter(scanner, "index", at);
  if (place === "start") return refuse(scanner, "it is no map", at);
  if (place === "charts" && code === sign.listBegin) return enter(scanner, "versions", at);
  if (place === "index" && field === "entries" && code === sign.mapBegin) {
    scanner.entries = "map";
    return enter(scanner, "charts", at);
  }
  scanner.value = openValue(scanner, limitOf(scanner));
  scanner.from = at;
  return at;
}

function enter(scanner: JsonScanner, place: JsonScanner["place"], at: number): number {
  scanner.place = place;
  return goOn(scanner, place === "versions" ? "value" : "key", at);
}

function limitOf({ place, field, itemLimit }: JsonScanner): number {
  if (place === "versions") return itemLimit;
  return place === "charts" || field === "entries" ? longestNull : 0;
}

function openValue({ line }: JsonScanner, limit: number): OpenValue {
  return { kept: beginText(limit), line, nest: 0, members: 0, word: "", field: "", version: "" };
}

/** `at`: what follows it. */
export function endValue(scanner: JsonScanner, value: OpenValue, at: number): void {
  keepUntil(scanner, at);
  scanner.value = undefined;
  scanner.awaits = "comma";
  const { chart, place, field } = scanner;
  const { line, members, version } = value;
  const text = textOf(value.kept);
  if (place === "versions") scanner.pieces.push({ kind: "item", chart, text, line, members, version });
  else if (place === "charts") scanner.pieces.push({ kind: "chart", chart, text, line });
  else if (field === "entries") scanner.entries = isNone(text) ? "none" : "other";
}

/** The texts as well, as in YAML. */
function isNone(text = ""): boolean {
  return /^\s*(?:null|"null"|"~")\s*$/.test(text);
}
