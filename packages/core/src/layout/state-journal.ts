import { join } from "node:path";

import type { Clock } from "../clock.ts";
import { digestOf, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { openChangeLog, removeLogs, type ChangeLog } from "./change-log.ts";
import { replaceFile, type Durability } from "./durable-files.ts";
import { fileError, writing } from "./file-errors.ts";
import { applyChange, isKnown, snapshot, type LayoutChange, type LayoutState } from "./layout-state.ts";

/** A fold follows the first change after this many milliseconds … */
const foldDelayMs = 1000;
/** … or, in a repository so large that writing its index takes long, after this many times what the last one took. */
const foldDelayFactor = 10;
/** A fold that the disk refused is tried again after this many milliseconds, though nothing changes meanwhile. */
const foldAgainMs = 30_000;
/** Changes that share one write and one fsync. */
const maxBatch = 512;

export interface JournalOptions {
  readonly directory: string;
  readonly state: LayoutState;
  readonly base: Digest;
  /** Logs that were found at the start: contained in the state, not in `index.json`. */
  readonly logs: readonly number[];
  readonly durability: Durability;
  readonly clock: Clock;
  /** @throws layout-locked once another process may have the directory */
  readonly requireLock: () => Promise<void>;
  /** Runs before each fold, to bring up to date what only `index.json` holds. */
  readonly prepare: () => Promise<void>;
}

export interface StateJournal {
  /** Resolves when the change is in the log; from then on the state shows it. */
  commit(change: LayoutChange): Promise<void>;
  /** Writes `index.json` and removes the logs it contains. */
  fold(): Promise<void>;
  /** Resolves once `index.json` says all that the state says; writes nothing where it does already. */
  settle(): Promise<void>;
  /** Folds and stops. */
  close(): Promise<void>;
}

interface Waiting {
  readonly change: LayoutChange;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

interface Running extends JournalOptions {
  readonly log: ChangeLog;
  /** Runs one after the other what touches the log or takes a snapshot, so a snapshot holds exactly what the logs before it say. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  /** Numbers of finished logs that the next `index.json` will contain. */
  readonly contained: number[];
  /** Whether memory is ahead of `index.json`. */
  ahead: boolean;
  lastFoldMs: number;
}

export function openJournal(options: JournalOptions): StateJournal {
  const { directory, state, durability } = options;
  const running: Running = {
    ...options,
    log: openChangeLog(directory, { base: options.base, number: (options.logs.at(-1) ?? 0) + 1, durability }),
    inTurn: oneAfterTheOther(),
    contained: [...options.logs],
    ahead: options.logs.length > 0,
    lastFoldMs: 0,
  };
  const waiting: Waiting[] = [];
  const folds = oneAfterTheOther();
  const fold = (): Promise<void> => folds(() => foldNow(running));
  const settle = (): Promise<void> => folds(() => (running.ahead ? foldNow(running) : Promise.resolve()));
  const later = scheduleFold(running, fold);
  let pumping = false;
  let closed = false;
  const pump = async (): Promise<void> => {
    while (waiting.length > 0) await writeBatch(running, waiting.splice(0, maxBatch));
    pumping = false;
    later.schedule();
  };
  return {
    commit(change) {
      // After `close` the directory may have another owner.
      if (closed) return Promise.reject(closedError(directory));
      if (!pumping && isKnown(state, change)) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiting.push({ change, resolve, reject });
        if (pumping) return;
        pumping = true;
        void running.inTurn(pump);
      });
    },
    fold,
    settle,
    async close() {
      closed = true;
      await later.stop();
      await running.inTurn(() => Promise.resolve());
      try {
        await settle();
      } finally {
        await running.log.close();
      }
    },
  };
}

function oneAfterTheOther(): <T>(run: () => Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = turn.then(run, run);
    turn = result.catch(() => {});
    return result;
  };
}

function scheduleFold(running: Running, fold: () => Promise<void>): { schedule(): void; stop(): Promise<void> } {
  const stopped = new AbortController();
  let timer: Promise<void> | undefined;
  const wait = async (milliseconds: number): Promise<void> => {
    try {
      await running.clock.sleep(milliseconds, stopped.signal);
      timer = undefined;
      await fold();
    } catch {
      // Stopped, or the disk refused: the log still holds every change until a later fold or `close` succeeds.
      timer = stopped.signal.aborted ? undefined : wait(foldAgainMs);
    }
  };
  return {
    schedule() {
      if (running.ahead && !stopped.signal.aborted) timer ??= wait(Math.max(foldDelayMs, running.lastFoldMs * foldDelayFactor));
    },
    async stop() {
      stopped.abort();
      await timer;
    },
  };
}

async function foldNow(running: Running): Promise<void> {
  await writing(running.directory, "write index", running.prepare);
  const started = performance.now();
  const bytes = await running.inTurn(async () => {
    const image = snapshot(running.state);
    const finished = await running.log.rotate(digestOf(image));
    if (finished !== undefined) running.contained.push(finished);
    // A change that came after `prepare` made lists stale which this image still names as they were.
    running.ahead = running.state.staleLists.size > 0;
    return image;
  });
  const path = join(running.directory, "index.json");
  try {
    await running.requireLock();
    await writing(path, "write index", () => replaceFile(path, bytes, running.durability));
  } catch (error) {
    running.ahead = true;
    throw error;
  }
  await removeLogs(running.directory, running.contained.splice(0));
  running.lastFoldMs = performance.now() - started;
}

function closedError(directory: string): ChartferryError {
  return new ChartferryError(`the layout at ${directory} was closed`, { code: "file-unwritable", operation: "record change" });
}

async function writeBatch(running: Running, batch: readonly Waiting[]): Promise<void> {
  try {
    // Whoever has the directory since may write a log of the same name.
    await running.requireLock();
    await running.log.append(batch.map(({ change }) => change));
  } catch (error) {
    const reason = fileError(error, { code: "file-unwritable", operation: "record change", path: running.directory });
    for (const { reject } of batch) reject(reason);
    return;
  }
  for (const { change, resolve } of batch) {
    applyChange(running.state, change);
    running.ahead = true;
    resolve();
  }
}
