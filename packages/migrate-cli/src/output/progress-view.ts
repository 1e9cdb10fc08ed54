import type { Clock } from "@chartferry/core";

import type { MigrateEvent } from "../engine/migrate-options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Every } from "./every.ts";

/** The user asked for an end. */
export interface InterruptedEvent {
  readonly type: "interrupted";
  /** Milliseconds that what is in flight gets. */
  readonly graceMs: number;
}

export type ProgressEvent = MigrateEvent | InterruptedEvent;

/** Shows a run while it goes on, on stderr. */
export interface Progress {
  event(event: ProgressEvent): void;
  /** The last word; nothing is shown afterwards. */
  stop(): void;
}

export interface ProgressOptions {
  readonly terminal: Pick<Terminal, "err" | "live">;
  readonly targets: readonly string[];
  readonly logFormat: "text" | "json";
  readonly clock: Pick<Clock, "now">;
  readonly every: Every;
}
