import { ChartferryError, unwritableCode } from "@chartferry/core";

import { showError } from "./show-error.ts";

export interface OutputStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Tells once that stdout takes no more, such as on a full disk, and calls `onLost`: what was asked for is not there, whatever the
 * command itself thinks of its end. A reader that went away (`chartferry … | head`) is no failure, and where stderr fails there is
 * nobody left to tell.
 */
export function watchOutput({ stdout, stderr }: OutputStreams, onLost: () => void): void {
  let failed = false;
  stderr.on("error", () => {});
  stdout.on("error", (error: Error) => {
    if (failed) return;
    failed = true;
    if ("code" in error && error.code === "EPIPE") return;
    const message = `cannot write to stdout: ${error.message}`;
    stderr.write(showError(new ChartferryError(message, { code: unwritableCode(error), operation: "write output", cause: error })));
    onLost();
  });
}
