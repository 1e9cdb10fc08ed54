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

/** A host holds requests back, as a connection's `onPause` tells it. */
export interface WaitingEvent {
  readonly type: "waiting";
  readonly end: "source" | "target";
  /** `MigrationTarget.id`, for that end. */
  readonly target?: string;
  /** Host and port. */
  readonly host: string;
  readonly milliseconds: number;
  /** What the host answered or did, in a few words. */
  readonly reason: string;
}

export type ProgressEvent = MigrateEvent | WaitingEvent | InterruptedEvent;

/** Shows a run while it goes on, on stderr. */
export interface ProgressView {
  event(event: ProgressEvent): void;
  /** The last word; nothing is shown afterwards. */
  stop(): void;
}

export interface ProgressOptions {
  readonly terminal: Pick<Terminal, "err" | "live">;
  readonly targets: readonly string[];
  readonly logFormat: "text" | "json";
  /** Whether a log of JSON has a line for each version that arrived or was there as well. Default: for those that were not brought. */
  readonly everyVersion?: boolean | undefined;
  readonly clock: Pick<Clock, "now">;
  readonly every: Every;
}
