import { formatTarget, parseTarget, systemClock, type HostPause } from "@chartferry/core";

import { defaultGrace } from "../engine/begin-run.ts";
import type { MigrateEvent } from "../engine/migrate-options.ts";
import { systemEvery } from "../output/every.ts";
import { createProgress } from "../output/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What a command tells of its run while it goes on. */
export interface CommandProgress {
  event(event: MigrateEvent): void;
  /** A server of the source's end holds us back. */
  sourcePause(pause: HostPause): void;
  /** A registry of this target does. */
  targetPause(pause: HostPause, target: string): void;
  /** Nothing is shown afterwards; may be called twice. */
  end(): void;
}

export interface ProgressFlags {
  readonly logFormat: "text" | "json";
  readonly live: boolean;
  /** See `ProgressOptions`. */
  readonly everyVersion?: boolean;
}

/** Begins before anything is connected to, for that may take its time too. @throws usage, target-unsupported */
export function beginProgress(
  targets: readonly string[],
  { logFormat, live, everyVersion }: ProgressFlags,
  terminal: Terminal,
): CommandProgress {
  const progress = createProgress({
    terminal: { err: (text) => terminal.err(text), live: live ? terminal.live : undefined },
    targets: targets.map((text) => formatTarget(parseTarget(text))),
    logFormat,
    everyVersion,
    clock: systemClock,
    every: systemEvery,
  });
  const interrupted = (): void => progress.event({ type: "interrupted", graceMs: defaultGrace });
  terminal.interrupt.addEventListener("abort", interrupted);
  return {
    event: (event) => progress.event(event),
    sourcePause: ({ host, milliseconds, reason }) => progress.event({ type: "waiting", end: "source", host, milliseconds, reason }),
    targetPause: ({ host, milliseconds, reason }, target) =>
      progress.event({ type: "waiting", end: "target", target, host, milliseconds, reason }),
    end() {
      terminal.interrupt.removeEventListener("abort", interrupted);
      progress.stop();
    },
  };
}
