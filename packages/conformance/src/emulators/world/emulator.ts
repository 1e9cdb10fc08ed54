import type { RegistryHandler, RegistryRequest, RegistryResponse } from "@chartferry/registry";

import type { EmulatorClock } from "./emulator-clock.ts";
import { type Fault, playFault } from "./play-fault.ts";

export interface LoggedRequest {
  readonly host: string;
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly status: number;
  /** When it was answered, by the machine's clock. Milliseconds since 1970. */
  readonly at: number;
}

/** A hosted registry with all the hosts that it has, on this machine. */
export interface Emulator {
  /** The adapter that detection must choose for it. */
  readonly adapter: string;
  /** What answers under which host name, the registry's own first; each is given a port of its own. */
  readonly hosts: Readonly<Record<string, RegistryHandler>>;
  readonly clock: EmulatorClock;
  /** Every request so far, oldest first. */
  readonly log: readonly LoggedRequest[];
  /** Played in their order, each as often as it says. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

/** Puts log and faults before each of the hosts. */
export function emulator({ hosts, ...parts }: Omit<Emulator, "log" | "faults">): Emulator {
  const log: LoggedRequest[] = [];
  const faults: Fault[] = [];
  const watched = Object.entries(hosts).map(([host, handler]) => [host, watch(handler, { host, log, faults })] as const);
  return { ...parts, hosts: Object.fromEntries(watched), log, faults };
}

interface Watch {
  readonly host: string;
  readonly log: LoggedRequest[];
  readonly faults: Fault[];
}

function watch(handler: RegistryHandler, { host, log, faults }: Watch): RegistryHandler {
  return async (request: RegistryRequest): Promise<RegistryResponse> => {
    const response = await playFault(faults, { host, request, handler });
    const { method, path, query, headers } = request;
    log.push({ host, method, path, query, authorization: headers["authorization"], status: response.status, at: Date.now() });
    return response;
  };
}
