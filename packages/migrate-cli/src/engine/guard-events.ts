import type { MigrateEvent, MigrateOptions } from "./migrate-options.ts";

/** Events for a caller whose own code may fail. */
export interface GuardedEvents {
  /** Never throws: the first fault ends the run, and nothing more is told. */
  tell(event: MigrateEvent): void;
  /** @throws what the caller threw */
  rethrow(): void;
}

export function guardEvents(onEvent: MigrateOptions["onEvent"], abort: () => void): GuardedEvents {
  let fault: { readonly error: unknown } | undefined;
  return {
    tell(event) {
      if (fault !== undefined) return;
      try {
        onEvent?.(event);
      } catch (error) {
        fault = { error };
        abort();
      }
    },
    rethrow() {
      if (fault !== undefined) throw fault.error;
    },
  };
}
