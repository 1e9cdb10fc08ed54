import { hostLimit, otherHosts } from "./counted-hosts.ts";
import { createHost, type Host } from "./gate-host.ts";

/** What a gate knows of its hosts. */
export interface GateHosts {
  of(name: string): Host;
  all(): Iterable<Host>;
  /** For how long requests to a host, or to all `otherHosts`, were held back until now. */
  pausedMs(name: string, now: number): number;
}

/**
 * The first hosts are remembered, as in the counts of traffic. Those beyond the limit are forgotten, once there are as many, where nothing waits and
 * nothing is on its way; for how long they were waited for is kept in one sum.
 */
export function createGateHosts(): GateHosts {
  const first = new Map<string, Host>();
  const others = new Map<string, Host>();
  let forgottenMs = 0;
  const forgetIdle = (): void => {
    for (const [name, host] of others) {
      if (!isIdle(host)) continue;
      forgottenMs += host.pausedMs(Infinity);
      others.delete(name);
    }
  };
  return {
    of(name) {
      const known = first.get(name) ?? others.get(name);
      if (known !== undefined) return known;
      if (others.size >= hostLimit) forgetIdle();
      const host = createHost(name);
      (first.size < hostLimit ? first : others).set(name, host);
      return host;
    },
    *all() {
      yield* first.values();
      yield* others.values();
    },
    pausedMs(name, now) {
      if (name !== otherHosts) return first.get(name)?.pausedMs(now) ?? 0;
      return [...others.values()].reduce((sum, host) => sum + host.pausedMs(now), forgottenMs);
    },
  };
}

function isIdle({ actions }: Host): boolean {
  return [...actions.values()].every(({ flight, line }) => flight.inFlight === 0 && line.length === 0);
}
