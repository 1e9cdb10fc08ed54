/** Controls (C0, C1), invisible formats such as bidi overrides and zero-width marks, line separators, lone surrogates. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** Whole escape sequences (CSI, OSC, others) go, so that their remains do not litter the line. Source: ECMA-48. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const escapes = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]/g;

/** Foreign text on one line of a terminal: nothing that could move the cursor, hide text or reverse it; at most `limit` characters. */
export function printable(text: string, limit = 1000): string {
  const clean = text
    .slice(0, limit * 4)
    .replace(/[\r\n\t]+/g, " ")
    .replace(escapes, "")
    .replace(unsafe, "");
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
