import { systemClock, printable } from "@chartferry/core";

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
