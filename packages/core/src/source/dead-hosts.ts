import type { Clock } from "../clock.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";

interface HostState {
  /** Set while the first request to the host is under way: the others wait for what it finds. */
  probe?: Promise<unknown>;
  alive: boolean;
  /** Failures to reach it since the last answer. */
  failures: number;
  /** Milliseconds since 1970; 0 = not dead. */
  deadUntil: number;
  error?: ChartferryError;
}

export interface DeadHosts {
  /** Sends a request to the host unless it is known to be dead. @throws what the host was found dead with */
  reach<T>(host: string, send: (first: boolean) => Promise<T>): Promise<T>;
}

/** After this a dead host is tried once more: a repository moved years ago stays dead, a restarted server does not. Milliseconds. */
const restMs = 10 * 60_000;
/** A host that has answered before is given up after so many failures in a row. */
const toleratedFailures = 3;

/** Finds out once, not once a chart, that a host is gone: no DNS, refused, no connection in time. */
export function createDeadHosts(clock: Pick<Clock, "now">): DeadHosts {
  const hosts = new Map<string, HostState>();
  return {
    async reach(host, send) {
      const state = hosts.get(host) ?? { alive: false, failures: 0, deadUntil: 0 };
      hosts.set(host, state);
      while (state.probe !== undefined) await state.probe;
      if (state.error !== undefined && clock.now() < state.deadUntil) throw state.error;
      if (state.alive) return attempt(state, { host, clock }, () => send(false));
      const probe = attempt(state, { host, clock }, () => send(true));
      state.probe = probe.catch(() => undefined);
      try {
        return await probe;
      } finally {
        delete state.probe;
      }
    },
  };
}

/** Whether the host could not be reached at all, as against an answer that we do not like. */
function isUnreachable(error: unknown): error is ChartferryError {
  return isChartferryError(error, "host-not-found", "connection-refused", "proxy-refused", "timeout");
}

/** A failure further on, behind a redirect, says nothing of the host itself. */
async function attempt<T>(state: HostState, at: { host: string; clock: Pick<Clock, "now"> }, send: () => Promise<T>): Promise<T> {
  try {
    const answer = await send();
    Object.assign(state, { alive: true, failures: 0, deadUntil: 0 });
    return answer;
  } catch (error) {
    if (!isUnreachable(error) || error.registry !== at.host) throw error;
    state.failures += 1;
    if (!state.alive || state.failures >= toleratedFailures)
      Object.assign(state, { alive: false, deadUntil: at.clock.now() + restMs, error });
    throw error;
  }
}
