import type { Connection } from "@chartferry/core";

export interface LateConnection {
  /** Whatever is asked of it waits until it is open, and fails as the opening did. What asks nobody is empty until then. */
  readonly connection: Connection;
  /** Settles as the opening does. */
  readonly opened: Promise<unknown>;
}

/** A connection that is still being opened. `close` calls the opening off. */
export function lateConnection(registry: string, open: (signal: AbortSignal) => Promise<Connection>): LateConnection {
  const closing = new AbortController();
  let there: Connection | undefined;
  const opened = open(closing.signal).then((connection) => (there = connection));
  // Who waits for it is told; that nobody does is no fault.
  opened.catch(() => {});
  const connection: Connection = {
    end: "target",
    registry,
    get adapter() {
      return there?.adapter ?? "none";
    },
    get newRepository() {
      return there?.newRepository;
    },
    get hidesMissing() {
      return there?.hidesMissing;
    },
    nameProblems: (repository) => there?.nameProblems(repository) ?? [],
    openStore: async (repository) => (await opened).openStore(repository),
    async *repositories(prefix, options) {
      yield* (await opened).repositories(prefix, options);
    },
    ping: async (options) => (await opened).ping(options),
    traffic: () => there?.traffic() ?? {},
    async close() {
      closing.abort();
      await opened.then(
        (connected) => connected.close(),
        () => {},
      );
    },
  };
  return { connection, opened };
}
