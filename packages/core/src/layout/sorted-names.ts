/**
 * Names in code-unit order (for tags and repositories, which are ASCII, that is the byte order distribution-spec asks for).
 * Additions are sorted among themselves and merged at the next look, so a page after n additions costs no full sort.
 */
export interface SortedNames {
  readonly size: number;
  has(name: string): boolean;
  add(name: string): void;
  remove(name: string): void;
  /** Up to `limit` names behind `after`, and whether more follow. */
  page(after: string | undefined, limit: number): { names: string[]; more: boolean };
  all(): readonly string[];
}

export function createSortedNames(): SortedNames {
  const present = new Set<string>();
  let ordered: string[] = [];
  let added: string[] = [];
  let stale = false;
  const settle = (): string[] => {
    if (added.length > 0) ordered = merge(ordered, added.toSorted(byCodeUnit));
    if (stale) ordered = ordered.filter((name, index) => present.has(name) && name !== ordered[index - 1]);
    added = [];
    stale = false;
    return ordered;
  };
  return {
    get size() {
      return present.size;
    },
    has: (name) => present.has(name),
    add(name) {
      if (present.has(name)) return;
      present.add(name);
      added.push(name);
    },
    remove(name) {
      // A name that is removed and added again before the next look stands in the list twice: the filter drops one.
      if (present.delete(name)) stale = true;
    },
    page(after, limit) {
      const names = settle();
      const start = after === undefined ? 0 : firstBehind(names, after);
      return { names: names.slice(start, start + limit), more: start + limit < names.length };
    },
    all: settle,
  };
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function merge(left: readonly string[], right: readonly string[]): string[] {
  const merged: string[] = [];
  let at = 0;
  for (const name of right) {
    for (let next = left[at]; next !== undefined && next < name; next = left[at]) {
      merged.push(next);
      at += 1;
    }
    merged.push(name);
  }
  for (; at < left.length; at += 1) merged.push(left[at] ?? "");
  return merged;
}

function firstBehind(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? "") <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
