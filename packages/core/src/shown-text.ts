/** Controls (C0, C1), invisible formats such as bidi overrides and zero-width marks, line separators, lone surrogates. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** Whole escape sequences (CSI, OSC, others) go as one, so that their remains do not litter the line. Source: ECMA-48. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const escapes = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]/g;
/** What parts words and lines. */
const gaps = /[\t-\r\u0085\u2028\u2029]+/g;

/** UTF-16 units of a foreign sentence. */
const longestSentence = 1000;
/** UTF-16 units of a foreign name, version, path or url. */
const longestName = 160;

/**
 * A foreign sentence (what a server says, a description) on one line: nothing that could move a terminal's cursor, hide text or
 * reverse it, single blanks, at most `limit` characters.
 */
export function printable(text: string, limit = longestSentence): string {
  const clean = text
    .slice(0, limit * 4)
    .replaceAll(escapes, "")
    .replaceAll(gaps, " ")
    .replaceAll(unsafe, "")
    .replaceAll(/ {2,}/g, " ");
  return cut(clean.trim(), limit);
}

/** A foreign name, version, path or url: what `printable` takes away stays visible as a replacement character, since it may be what is wrong. */
export function shown(text: string, limit = longestName): string {
  return cut(
    text
      .slice(0, limit * 4)
      .replaceAll(escapes, "\u{fffd}")
      .replaceAll(unsafe, "\u{fffd}"),
    limit,
  );
}

/** Like `shown`, in quotation marks. */
export function quote(text: string): string {
  return `"${shown(text)}"`;
}

function cut(text: string, limit: number): string {
  // A pair of surrogates is not cut in two.
  return text.length > limit ? `${text.slice(0, limit).replace(/\p{Cs}$/u, "")}…` : text;
}
