/** Longest piece of foreign text that goes into a message, in UTF-16 units. */
const longest = 160;

/**
 * Foreign text made fit for a message: no control, bidi or other invisible characters (they could steer a terminal), quoted, cut.
 */
export function quote(text: string): string {
  const visible = text.slice(0, longest * 2).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
  return visible.length > longest ? `"${visible.slice(0, longest)}…"` : `"${visible}"`;
}
