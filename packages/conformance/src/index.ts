/** Helm chart scenarios, as data, for any OCI registry. There are none yet; the package is not published until there are. */
export const scenarios: readonly never[] = [];
