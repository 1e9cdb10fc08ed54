import { type ChartferryError, isChartferryError, printable } from "@chartferry/core";

/** An error for people: what, where, and what to try. One line each. */
export function showError(error: unknown): string {
  if (!isChartferryError(error))
    return `error: ${printable(error instanceof Error ? (error.stack ?? error.message) : "unknown failure")}\n`;
  const where = placeUnsaid(error);
  const hint = error.hint === undefined ? "" : `  try: ${printable(error.hint)}\n`;
  return `error: ${printable(error.message)}${where === "" ? "" : ` (${printable(where)})`} [${error.code}]\n${hint}`;
}

/** As much of the place as the message does not name itself. */
function placeUnsaid({ message, registry = "", repository = "", version = "" }: ChartferryError): string {
  // A classic repository is named by its url, which holds the host already.
  const parts = repository.includes("://") ? [repository] : [registry, repository];
  const whole = parts.filter((part) => part !== "").join("/");
  if (whole !== "" && message.includes(whole)) return "";
  const unsaid = parts.filter((part) => part !== "" && !message.includes(part)).join("/");
  const unsaidVersion = version === "" || message.includes(version) ? "" : version;
  return [unsaid, unsaidVersion].filter((part) => part !== "").join(" ");
}
