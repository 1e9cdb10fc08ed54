import { constants, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";

import { ChartferryError, errnoOf, type NamedFile } from "@chartferry/core";

import { readStream } from "./read-stream.ts";

/** Certificates are the largest that is named. Bytes. */
const pipeLimit = 8 * 1024 * 1024;

/**
 * A file that the user named. A pipe, as the shell's `<(…)` is one, is read here and once: more than one may want what stood in it. All others are
 * left to whoever wants them. @throws aborted, as soon as the user interrupts; file-unreadable
 */
export function createFileOpener(interrupt: AbortSignal): (path: string) => Promise<NamedFile> {
  const pipes = new Map<string, Promise<string>>();
  return async (path) => {
    if (!pipes.has(path) && !(await isPipe(path))) return path;
    const text = pipes.get(path) ?? readPipe(path, interrupt);
    pipes.set(path, text);
    return { path, text: await text };
  };
}

function isPipe(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );
}

async function readPipe(path: string, interrupt: AbortSignal): Promise<string> {
  const pipe = new Socket({ fd: openAtOnce(path), readable: true, writable: false });
  try {
    return (await readStream(pipe, { name: path, limitBytes: pipeLimit, interrupt })).toString();
  } finally {
    pipe.destroy();
  }
}

/** Without waiting for a writer: a thread that waits in `open` cannot be called back, and would keep the process from ending. */
function openAtOnce(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): ChartferryError {
  return new ChartferryError(`${path} cannot be read (${errnoOf(cause) ?? "unknown reason"})`, {
    code: "file-unreadable",
    operation: "read input",
    cause,
  });
}
