import { printableClass } from "./printable-ranges.ts";

/** Go's unicode.IsSpace. */
const space = /[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/gu;
const plain = /^[ -~]*$/;
let invisible: RegExp | undefined;

/**
 * Text as Helm cleans it on loading: every kind of space, line breaks included, becomes one ASCII space; control characters, bidi
 * marks, joiners and other invisible characters vanish, and so does what is newer than the Unicode that Helm was built with.
 */
export function sanitise(text: string): string {
  if (plain.test(text)) return text;
  // Made when first needed: most charts are ASCII.
  invisible ??= new RegExp(`[^ -~${printableClass()}]`, "gu");
  return text.replaceAll(space, " ").replaceAll(invisible, "");
}
