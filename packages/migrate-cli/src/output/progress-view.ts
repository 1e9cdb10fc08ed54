import type { Clock } from "@chartferry/core";

import type { MigrateEvent } from "../engine/migrate-options.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Shows a run while it goes on, on stderr. */
export interface Progress {
  event(event: MigrateEvent): void;
  /** The last word; nothing is shown afterwards. */
  stop(): void;
}

export interface ProgressOptions {
  readonly terminal: Terminal;
  readonly targets: readonly string[];
  readonly logFormat: "text" | "json";
  readonly clock: Clock;
}
