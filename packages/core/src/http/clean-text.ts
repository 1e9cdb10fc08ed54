/** Control characters (C0, C1), bidirectional marks and line separators: they could rewrite what a terminal shows. */
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]+/gu;

/** Text from a server made fit for a one-line message: no control characters, single spaces, at most `limit` characters. */
export function cleanText(text: string, limit = 500): string {
  const clean = text
    .slice(0, limit * 4)
    .replace(unsafe, " ")
    .replace(/\s+/gu, " ")
    .trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
