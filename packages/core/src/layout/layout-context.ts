import { randomUUID } from "node:crypto";
import { join } from "node:path";

import type { Clock } from "../clock.ts";
import { ChartferryError } from "../errors.ts";
import type { LayoutRepository } from "./layout-repository.ts";
import { temporaryPrefix, type Durability } from "./durable-files.ts";

/** What every repository of one tree shares. */
export interface LayoutContext {
  /** Root of the tree, absolute. */
  readonly root: string;
  readonly durability: Durability;
  readonly readOnly: boolean;
  readonly clock: Clock;
  /** Folder for unfinished files, on the file system of the tree. */
  readonly scratch: string;
  closed: boolean;
  /** Before an index is replaced. @throws layout-locked once this process has lost the tree's lock */
  requireLock: () => Promise<void>;
  /** Told of every repository before something is written to it. */
  beforeWrite: (repository: LayoutRepository) => void;
}

export function scratchName(context: LayoutContext): string {
  return join(context.scratch, `${temporaryPrefix}${randomUUID()}`);
}

/** @throws read-only, file-unwritable when the tree was closed meanwhile */
export function requireWritable(context: LayoutContext, operation: string): void {
  if (context.closed) {
    throw new ChartferryError(`the layout at ${context.root} was closed`, { code: "file-unwritable", operation });
  }
  if (!context.readOnly) return;
  throw new ChartferryError(`the layout at ${context.root} is open read-only`, {
    code: "read-only",
    operation,
    hint: "open it without the read-only option",
  });
}
