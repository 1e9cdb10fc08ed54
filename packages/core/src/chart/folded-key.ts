/** A key as Go's encoding/json compares it where it does not match to the letter: the long s and the Kelvin sign are folded as well. */
export function foldedKey(key: string): string {
  return key.replaceAll("\u017f", "s").toLowerCase();
}
