/** A chart's list under `entries`; a chart may have several. */
export interface ChartList {
  readonly chart: string;
  readonly value: unknown;
}

/** The keys whose repetition would hide a list: `entries` itself, and the charts in it, marked by a blank before. */
export function* jsonChartKeys(text: string): Generator<string, void, undefined> {
  for (const { key, from } of members(text, 0)) {
    if (key !== "entries") continue;
    yield key;
    if (text.charAt(from) === "{") for (const chart of members(text, from)) yield ` ${chart.key}`;
  }
}

/**
 * Every list of a JSON index, in order: where `entries` or a chart in it stands twice, `JSON.parse` keeps only the last one.
 * `text` must have been parsed before, so its form is known to be right. One pass; only one chart's list is parsed at a time.
 */
export function* jsonChartLists(text: string): Generator<ChartList, void, undefined> {
  for (const entries of members(text, 0)) {
    if (entries.key !== "entries" || text.charAt(entries.from) !== "{") continue;
    for (const { key, from, end } of members(text, entries.from)) {
      const value: unknown = JSON.parse(text.slice(from, end));
      yield { chart: key, value };
    }
  }
}

interface Member {
  readonly key: string;
  /** Where the value begins and ends. */
  readonly from: number;
  readonly end: number;
}

/** A string, a bracket, or a separator; the rest are numbers, words and blanks. */
const anyToken = /"(?:[^"\\]|\\.)*"|[[\]{},:]/g;

/** The members of the object that begins at `from`. */
function* members(text: string, from: number): Generator<Member, void, undefined> {
  const tokens = new RegExp(anyToken);
  tokens.lastIndex = from;
  let depth = 0;
  const member = { key: "", from: -1 };
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const found = match[0];
    const inside = depth;
    depth += depthChange.get(found) ?? 0;
    if (inside !== 1 || depth > 1) continue;
    if (member.from < 0) beginMember(member, text, match);
    else if (found === "," || depth === 0) {
      yield { ...member, end: match.index };
      member.from = -1;
    }
    if (depth === 0) return;
  }
}

const depthChange: ReadonlyMap<string, number> = new Map([
  ["{", 1],
  ["[", 1],
  ["}", -1],
  ["]", -1],
]);

/** Before its colon, a member's only token is its key. */
function beginMember(member: { key: string; from: number }, text: string, token: RegExpExecArray): void {
  if (token[0] === ":") member.from = afterBlank(text, token.index + 1);
  else if (token[0].startsWith('"')) member.key = String(JSON.parse(token[0]));
}

function afterBlank(text: string, at: number): number {
  let from = at;
  while (/\s/.test(text.charAt(from))) from += 1;
  return from;
}
