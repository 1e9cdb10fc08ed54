/**
 * Whether the whole text matches a pattern of `*` (any characters) and `?` (one character).
 * Takes no more steps than the product of both lengths: chart names come from hostile indexes, so no backtracking expression is built.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let [patternAt, textAt, starAt, retryAt] = [0, 0, -1, 0];
  while (textAt < text.length) {
    const symbol = pattern[patternAt];
    if (symbol === "*") {
      starAt = patternAt++;
      retryAt = textAt;
    } else if (symbol === "?" || (symbol !== undefined && symbol === text[textAt])) {
      patternAt++;
      textAt++;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      textAt = ++retryAt;
    } else return false;
  }
  while (pattern[patternAt] === "*") patternAt++;
  return patternAt === pattern.length;
}
