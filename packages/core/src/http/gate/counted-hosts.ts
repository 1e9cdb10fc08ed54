/** An index may name any number of hosts: what is known of each is kept for so many. */
export const hostLimit = 256;

/** Stands in a report for all hosts beyond the limit. */
export const otherHosts = "other hosts";

/** Under which name a host is counted among those that are known already. */
export function countedAs(host: string, known: ReadonlyMap<string, unknown>): string {
  return known.has(host) || known.size < hostLimit ? host : otherHosts;
}
