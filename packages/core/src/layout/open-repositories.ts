import type { LayoutContext } from "./layout-context.ts";
import type { LayoutRepository } from "./layout-repository.ts";

/** The repositories of one tree that are open. */
export interface OpenRepositories {
  /** Whoever opens the same name while somebody still uses it gets the same object. */
  open(name: string): Promise<LayoutRepository>;
  /** In the order in which they were opened, without those that do not exist. */
  kept(): Promise<LayoutRepository>[];
}

/**
 * Repositories that exist stay open. One that does not is only remembered while its caller holds it:
 * anybody may ask for names that nobody has, and each would cost memory for ever.
 */
export function createOpenRepositories(context: LayoutContext, load: (name: string) => Promise<LayoutRepository>): OpenRepositories {
  const kept = new Map<string, Promise<LayoutRepository>>();
  const missing = new Map<string, WeakRef<LayoutRepository>>();
  const collected = new FinalizationRegistry<string>((name) => {
    if (missing.get(name)?.deref() === undefined) missing.delete(name);
  });
  const keep = (repository: LayoutRepository): void => {
    missing.delete(repository.name);
    kept.set(repository.name, Promise.resolve(repository));
  };
  const forgetMissing = (repository: LayoutRepository): void => {
    if (repository.exists) return;
    kept.delete(repository.name);
    missing.set(repository.name, new WeakRef(repository));
    collected.register(repository, repository.name);
  };
  context.beforeWrite = (repository) => {
    if (missing.has(repository.name)) keep(repository);
  };
  return {
    open(name) {
      const known = missing.get(name)?.deref();
      // What a reader looked for in vain may have been made by the owner since.
      if (known?.exists === true) keep(known);
      else if (known !== undefined) return Promise.resolve(known);
      const before = kept.get(name);
      if (before !== undefined) return before;
      const opening = load(name);
      kept.set(name, opening);
      opening.then(forgetMissing, () => kept.delete(name));
      return opening;
    },
    kept: () => [...kept.values()],
  };
}
