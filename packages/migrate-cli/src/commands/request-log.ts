import { type PassedOver, printable, systemClock } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";

export interface DebugFlags {
  readonly debug?: boolean;
  readonly logFormat?: "text" | "json";
}

/** `--debug`: a line for every request on stderr. The client has left out what is secret before a line gets here. */
export function requestLog({ debug, logFormat }: DebugFlags, terminal: Terminal): { debug?: (line: string) => void } {
  if (debug !== true) return {};
  if (logFormat !== "json") return { debug: (line) => terminal.err(`${printable(line)}\n`) };
  return {
    debug: (text) => {
      const time = new Date(systemClock.now()).toISOString();
      terminal.err(`${JSON.stringify({ time, level: "debug", type: "request", text })}\n`);
    },
  };
}

/** A login of yesterday is no reason to fail, and none to be silent. */
export function passedOverLog({ logFormat }: DebugFlags, terminal: Terminal): (passed: PassedOver) => void {
  return ({ source, next, because }) => {
    const text = `the credential from ${printable(source)} ${because === "expired" ? "has expired" : "was refused"}: going on with ${printable(next)}`;
    if (logFormat !== "json") return terminal.err(`note: ${text}\n`);
    return terminal.err(
      `${JSON.stringify({ time: new Date(systemClock.now()).toISOString(), level: "warn", type: "credential", text })}\n`,
    );
  };
}
