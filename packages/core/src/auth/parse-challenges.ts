import type { Challenge } from "./challenge.ts";

/** More than anybody sends; keeps a hostile header from costing time. */
const challengeLimit = 32;
const parameterLimit = 32;
const headerLimit = 64 * 1024;

const separators = /[\s,]*/y;
const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const token68 = /[ \t]+([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)/y;
const assignment = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"?|([^\s,"]*))/y;

/**
 * All challenges of a `WWW-Authenticate` header (repeated headers joined by `, `), in order. Lenient: any case, unquoted values with `:` and `/`,
 * quoted commas and escapes, token68 (kept as parameter `token68`), unknown parameters. Nothing is thrown: what cannot be read is left out.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, headerLimit);
  const found: OpenChallenge[] = [];
  let position = 0;
  while (position < text.length && found.length <= challengeLimit) {
    position += matchAt(separators, text, position)?.[0].length ?? 0;
    // At least one character on, whatever it is: a hostile header must not hold us.
    position += readPiece(text, position, found) || 1;
  }
  return found.slice(0, challengeLimit);
}

interface OpenChallenge {
  readonly scheme: string;
  readonly parameters: Record<string, string>;
}

/** Reads a parameter of the current challenge or the start of a new one; returns its length, 0 = neither. */
function readPiece(text: string, position: number, found: OpenChallenge[]): number {
  const current = found.at(-1);
  const pair = matchAt(assignment, text, position);
  if (pair !== null && current !== undefined) {
    addParameter(current.parameters, pair);
    return pair[0].length;
  }
  const scheme = matchAt(token, text, position)?.[0] ?? "";
  if (scheme === "") return 0;
  const parameters: Record<string, string> = {};
  found.push({ scheme: scheme.toLowerCase(), parameters });
  const opaque = matchAt(token68, text, position + scheme.length);
  if (opaque?.[1] === undefined || /^[a-z0-9_-]+=$/i.test(opaque[1])) return scheme.length;
  parameters["token68"] = opaque[1];
  return scheme.length + opaque[0].length;
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

/** The first of equal names counts. */
function addParameter(parameters: Record<string, string>, [, name = "", quoted, plain]: RegExpExecArray): void {
  const key = name.toLowerCase();
  if (key in parameters || Object.keys(parameters).length >= parameterLimit) return;
  parameters[key] = quoted?.replace(/\\([\s\S])/g, "$1") ?? plain ?? "";
}

/**
 * The challenge that we answer: Bearer where it is offered with a realm that is a url, else Basic. A Bearer that cannot be used, where nothing else
 * is offered, is for the caller to refuse: a password that nobody asked for is not sent. `undefined` = none that we know.
 */
export function preferredChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  const bearer = challenges.filter(({ scheme }) => scheme === "bearer");
  const usable = bearer.find(({ parameters }) => isWebAddress(parameters["realm"]));
  if (usable !== undefined) return usable;
  return challenges.find(({ scheme }) => scheme === "basic") ?? bearer[0];
}

function isWebAddress(text: string | undefined): boolean {
  return text !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text);
}
