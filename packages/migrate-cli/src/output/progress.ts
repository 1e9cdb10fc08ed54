import { createJsonLog } from "./json-log.ts";
import { createLiveView } from "./live-view.ts";
import { createPlainLines } from "./plain-lines.ts";
import type { ProgressView, ProgressOptions } from "./progress-view.ts";

/** A live view on a terminal, else a plain line every few seconds, or one JSON object a line. */
export function createProgress(options: ProgressOptions): ProgressView {
  const { logFormat, terminal } = options;
  if (logFormat === "json") return createJsonLog(options);
  return terminal.live === undefined ? createPlainLines(options) : createLiveView(terminal.live, options);
}
