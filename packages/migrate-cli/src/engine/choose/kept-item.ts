import { ChartferryError, type ErrorDetails, type SourceEntry, type SourceItem } from "@chartferry/core";

/** A source's item as JSON can hold it. */
export type KeptItem =
  | { readonly kind: "entry"; readonly entry: SourceEntry }
  | {
      readonly kind: "problem";
      readonly chart: string;
      readonly version: string;
      readonly message: string;
      readonly details: Omit<ErrorDetails, "cause">;
    };

export function keepItem(item: SourceItem): KeptItem {
  if (item.kind === "entry") return item;
  const { chart, version, error } = item.problem;
  const { message, code, operation, retryable, registry, repository, status, retryAfterMs, hint } = error;
  const details = { code, operation, retryable, registry, repository, version: error.version, status, retryAfterMs, hint };
  return { kind: "problem", chart, version, message, details };
}

/** The error comes back without its cause. */
export function restoreItem(kept: KeptItem): SourceItem {
  if (kept.kind === "entry") return kept;
  const { chart, version, message, details } = kept;
  return { kind: "problem", problem: { chart, version, error: new ChartferryError(message, details) } };
}
