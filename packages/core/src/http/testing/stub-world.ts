import { createHttpClient, type HttpClientOptions } from "../create-http-client.ts";
import type { HttpClient } from "../http-client.ts";
import { manualClock } from "./manual-clock.ts";
import { startRawServer, startStubServer, type StubHandler, type StubServer } from "./start-stub-server.ts";

export interface StubWorld {
  readonly stub: (handler: StubHandler) => Promise<StubServer>;
  readonly raw: (...args: Parameters<typeof startRawServer>) => Promise<StubServer>;
  /** Waits for nothing: its clock only counts. */
  readonly client: (origin: URL, options?: Partial<HttpClientOptions>) => HttpClient;
  /** Ends what was made since, the last one first. */
  readonly close: () => Promise<void>;
}

/** The servers and clients of a test, to be closed after it. */
export function stubWorld(): StubWorld {
  const closers: (() => Promise<void>)[] = [];
  const keep = <T extends { close(): Promise<void> }>(made: T): T => {
    closers.push(() => made.close());
    return made;
  };
  return {
    stub: async (handler) => keep(await startStubServer(handler)),
    raw: async (...args) => keep(await startRawServer(...args)),
    client: (origin, options) => keep(createHttpClient({ origin, clock: manualClock(), random: () => 0, ...options })),
    async close() {
      for (const close of closers.splice(0).toReversed()) await close();
    },
  };
}
