/** What is kept of an entry that is larger than the limit: its short top-level lines, among them `version:`. */
export interface ItemSkeleton {
  text: string;
  /** Indent of the item's own keys; -1 = unknown. */
  readonly keyIndent: number;
}

/** Characters. */
const longestLine = 512;
const longestSkeleton = 8192;

/** The skeleton of what has been read of the item, its dash line first. */
export function skeletonOf(text: string): ItemSkeleton {
  const dash = /^ *-( +)(?=\S)/.exec(text);
  const skeleton: ItemSkeleton = { text: "", keyIndent: dash?.[0].length ?? -1 };
  let from = 0;
  while (from < text.length && skeleton.text.length < longestSkeleton) {
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(from, end);
    extendSkeleton(skeleton, from === 0 ? skeleton.keyIndent : line.length - line.trimStart().length, line);
    from = end + 1;
  }
  return skeleton;
}

/** Keeps a line that holds one of the item's own keys with a short plain value. */
export function extendSkeleton(skeleton: ItemSkeleton, indent: number, line: string): void {
  const keep = indent === skeleton.keyIndent && line.length <= longestLine && /^[ -]*(?:name|version): *[^\s|>&*]/.test(line);
  if (!keep || skeleton.text.length + line.length > longestSkeleton) return;
  // The dash line may not be the first one kept: every line gets the item's own indent.
  const dash = skeleton.text === "" ? "- " : "  ";
  skeleton.text += `${dash}${line.slice(indent)}\n`;
}
