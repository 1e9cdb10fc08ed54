import type { ErrorDetails, ErrorView, RegistryAdapter } from "@chartferry/core";

/** What a registry means by an answer; every part that is given must fit. */
export interface Refusal {
  readonly status: number;
  readonly operation?: RegExp;
  readonly says?: RegExp;
  readonly when?: (view: ErrorView) => boolean;
  readonly means: Partial<ErrorDetails> | ((view: ErrorView) => Partial<ErrorDetails>);
}

/** The hook `mapError` from a table; the first line that fits counts. */
export function refusals(table: readonly Refusal[]): NonNullable<RegistryAdapter["mapError"]> {
  return (view) => {
    const means = table.find((line) => fits(line, view))?.means;
    return typeof means === "function" ? means(view) : means;
  };
}

function fits({ status, operation, says, when }: Refusal, view: ErrorView): boolean {
  if (status !== view.status || operation?.test(view.operation) === false) return false;
  return (says?.test(view.text) ?? true) && (when?.(view) ?? true);
}

/** A token service gives less than was asked for without a word: the registry then refuses somebody whom it knows. */
export function lacksScope({ headers, signedIn }: ErrorView): boolean {
  return signedIn === true && /error="?insufficient_scope/i.test(headers["www-authenticate"] ?? "");
}
