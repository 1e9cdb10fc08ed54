/**
 * 53 bits from a text, for tables in memory whose hits are checked against the text itself.
 * Two 32-bit FNV-1a runs with different starts; not for anything that an attacker must not foresee.
 */
export function hashText(text: string): number {
  let high = 0x811c9dc5;
  let low = 0xcbf29ce4;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ (unit + index), 0x01000193);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
