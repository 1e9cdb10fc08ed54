/** Text that comes in several chunks, up to a limit; of a longer one nothing is kept. */
export interface KeptText {
  parts: string[];
  length: number;
  readonly limit: number;
}

export function beginText(limit: number): KeptText {
  return { parts: [], length: 0, limit };
}

export function keepText(kept: KeptText, chunk: string, { from, end }: { readonly from: number; readonly end: number }): void {
  kept.length += end - from;
  if (kept.length > kept.limit) kept.parts = [];
  else if (end > from) kept.parts.push(chunk.slice(from, end));
}

/** `undefined` = longer than the limit. */
export function textOf({ parts, length, limit }: KeptText): string | undefined {
  return length > limit ? undefined : parts.join("");
}
