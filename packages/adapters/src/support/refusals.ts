import type { ErrorDetails, ErrorView, RegistryAdapter } from "@chartferry/core";

/** What a registry means by an answer; every part that is given must fit. */
export interface Refusal {
  readonly status: number;
  readonly operation?: RegExp;
  readonly says?: RegExp;
  readonly when?: (view: ErrorView) => boolean;
  readonly means: Partial<ErrorDetails>;
}

/** The hook `mapError` from a table; the first line that fits counts. */
export function refusals(table: readonly Refusal[]): NonNullable<RegistryAdapter["mapError"]> {
  return (view) =>
    table.find(
      ({ status, operation, says, when }) =>
        status === view.status && (operation?.test(view.operation) ?? true) && (says?.test(view.text) ?? true) && (when?.(view) ?? true),
    )?.means;
}

/** A token service gives less than was asked for without a word: the registry then refuses somebody whom it knows. */
export function lacksScope({ headers, signedIn }: ErrorView): boolean {
  return signedIn === true && /error="?insufficient_scope/i.test(headers["www-authenticate"] ?? "");
}
