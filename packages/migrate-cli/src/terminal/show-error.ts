import { isChartferryError, printable } from "@chartferry/core";

/** An error for people: what, where, and what to try. One line each. */
export function showError(error: unknown): string {
  if (!isChartferryError(error))
    return `error: ${printable(error instanceof Error ? (error.stack ?? error.message) : "unknown failure")}\n`;
  const { registry, repository } = error;
  // A classic repository is named by its url, which holds the host already.
  const parts = repository?.includes("://") === true ? [repository] : [registry, repository];
  const place = parts.filter((part) => part !== undefined).join("/");
  const named = [place, error.version].filter((part) => part !== undefined && part !== "").join(" ");
  const where = named === "" || error.message.includes(place === "" ? named : place) ? "" : ` (${printable(named)})`;
  const hint = error.hint === undefined ? "" : `  try: ${printable(error.hint)}\n`;
  return `error: ${printable(error.message)}${where} [${error.code}]\n${hint}`;
}
