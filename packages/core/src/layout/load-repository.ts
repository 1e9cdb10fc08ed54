import { join } from "node:path";

import { removeUnfinished } from "./durable-files.ts";
import type { LayoutContext } from "./layout-context.ts";
import { createOnDisk, fingerprint, type LayoutRepository } from "./layout-repository.ts";
import { loadState } from "./load-state.ts";
import { refreshReferrerLists } from "./referrer-lists.ts";
import { openJournal } from "./state-journal.ts";

/** Opens one repository of a tree, and finishes what an earlier owner left in its logs. @throws layout-invalid */
export async function loadRepository(context: LayoutContext, name: string): Promise<LayoutRepository> {
  const directory = join(context.root, name);
  if (!context.readOnly) await removeUnfinished(directory);
  const seen = await fingerprint(directory);
  const loaded = await loadState(directory);
  const repository: LayoutRepository = {
    context,
    name,
    directory,
    state: loaded.state,
    exists: loaded.exists || loaded.logs.length > 0,
    journal: undefined,
    busy: new Map(),
    creating: undefined,
    seen,
    lookedAt: context.clock.now(),
  };
  if (context.readOnly) return repository;
  repository.journal = openJournal({
    directory,
    state: loaded.state,
    base: loaded.base,
    logs: loaded.logs,
    durability: context.durability,
    clock: context.clock,
    requireLock: context.requireLock,
    prepare: () => refreshReferrerLists(repository),
  });
  if (loaded.logs.length > 0) await createOnDisk(repository).then(() => repository.journal?.fold());
  return repository;
}
