/** Go's unicode.IsSpace. */
const space = /[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/gu;
/** Go's !unicode.IsPrint, spaces aside: neither letter, mark, number, punctuation nor symbol. */
const invisible = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const plain = /^[ -~]*$/;

/**
 * Text as Helm cleans it on loading: every kind of space, line breaks included, becomes one ASCII space; control characters, bidi
 * marks, joiners and other invisible characters vanish.
 */
export function sanitise(text: string): string {
  if (plain.test(text)) return text;
  return text.replaceAll(space, " ").replaceAll(invisible, "");
}
