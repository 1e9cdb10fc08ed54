/** Columns that a text may take: characters beyond Latin count as two, since some terminals draw them so. */
export function textWidth(text: string): number {
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width;
}

/** At most `columns` wide, the end given up. */
export function cutEnd(text: string, columns: number): string {
  return textWidth(text) <= columns ? text : `${head(text, columns - 1)}…`;
}

/** At most `columns` wide, the middle given up: of an address both the host and the last names matter. */
export function cutMiddle(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  const tail = Math.floor((columns - 1) / 2);
  return `${head(text, columns - 1 - tail)}…${reversed(head(reversed(text), tail))}`;
}

function letterWidth(letter: string): number {
  return letter === "…" || (letter.codePointAt(0) ?? 0) < 0x250 ? 1 : 2;
}

function head(text: string, columns: number): string {
  let [kept, width] = ["", 0];
  for (const letter of text) {
    width += letterWidth(letter);
    if (width > columns) break;
    kept += letter;
  }
  return kept;
}

function reversed(text: string): string {
  return Array.from(text).toReversed().join("");
}
