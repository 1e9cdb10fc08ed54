/** Where a scalar stands. */
export interface Leaf {
  readonly start: number;
  readonly end: number;
  /** Column of the block collection around it. */
  readonly indent: number;
  /** Inside brackets. */
  readonly flow: boolean;
}

/** Characters; goyaml gives up the search for the `:` of a key there. */
const longestKey = 1024;

/** Why Helm's YAML reader refuses a scalar that ours takes. */
export function leafFault(text: string, leaf: Leaf): string | undefined {
  const source = text.slice(leaf.start, leaf.end);
  const first = source.charAt(0);
  if (first === "|" || first === ">") return blockFault(source);
  if (isLongKey(text, leaf)) return `a key has more than ${longestKey} characters`;
  if (first === '"') return escapeFault(source);
  if (first === "'") return undefined;
  return plainFault(source, leaf);
}

function isLongKey(text: string, { start, end, flow }: Leaf): boolean {
  if (end - start + 80 < longestKey && !/^[ \t]{80}/.test(text.slice(end, end + 80))) return false;
  const blank = /^[ \t]*/.exec(text.slice(end, end + longestKey * 2))?.[0].length ?? 0;
  if (text.charAt(end + blank) !== ":" || !(flow || /^\s?$/.test(text.charAt(end + blank + 1)))) return false;
  const key = text.slice(start, end + blank);
  return !key.includes("\n") && Array.from(key).length > longestKey;
}

/** `\/` came with YAML 1.2; code points are those of UTF-8, so a surrogate is none. */
function escapeFault(source: string): string | undefined {
  if (!source.includes("\\")) return undefined;
  for (const [escape] of source.matchAll(/\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])/g)) {
    if (escape === "\\/") return String.raw`the escape \/ is not one of YAML 1.1`;
    const code = /^\\[uU]/.test(escape) ? Number.parseInt(escape.slice(2), 16) : 0;
    if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return `the escape ${escape} stands for no character`;
  }
  return undefined;
}

/** goyaml stops a plain scalar in brackets at a question mark. */
function plainFault(source: string, { indent, flow }: Leaf): string | undefined {
  if (tabIndented(source, indent + 1)) return "it has a tab where only spaces may stand";
  return flow && source.includes("?", 1) ? "a plain text in brackets has a question mark" : undefined;
}

function blockFault(source: string): string | undefined {
  const headerEnd = source.indexOf("\n") + 1;
  if (headerEnd === 0) return undefined;
  const body = source.slice(headerEnd);
  const given = /\d/.test(source.slice(0, 3));
  if (!given && /^(?: *\r?\n)* *\t/.test(body)) return "a block text begins with a tab";
  const indent = given ? 0 : (/^(?: *\r?\n)*( *)/.exec(body)?.[1]?.length ?? 0);
  return tabIndented(body, indent) ? "it has a tab where only spaces may stand" : undefined;
}

/** Whether a line has a tab among its first `indent` columns. */
function tabIndented(source: string, indent: number): boolean {
  for (const [, spaces = ""] of source.matchAll(/\n( *)\t/g)) if (spaces.length < indent) return true;
  return false;
}
