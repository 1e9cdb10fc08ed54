import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { TestCertificates } from "../servers/make-certificates.ts";
import { startFaultProxy, type FaultProxy } from "./start-fault-proxy.ts";
import { startTokenRegistry, type TokenRegistry } from "./start-token-registry.ts";
import type { Place } from "./request-kinds.ts";

/** A classic repository, a registry and its token service, each behind a proxy that can spoil its requests. */
export interface World {
  readonly proxies: Readonly<Record<Place, FaultProxy>>;
  /** Where the redirects to another host lead: the same content, over http, and no business of our passwords. */
  readonly elsewhere: FaultProxy;
  readonly behind: TokenRegistry;
  /** For journals. */
  readonly folder: string;
  readonly certificates: TestCertificates | undefined;
  readonly stop: () => Promise<void>;
}

export interface WorldOptions {
  /** A fresh folder, in memory where possible. */
  readonly folder: string;
  /** `http://127.0.0.1:PORT` of the classic repository. */
  readonly source: string;
  /** The place that the fault befalls. */
  readonly place: Place;
  /** That place, or all, are reached by https then. */
  readonly tls: TestCertificates | undefined;
}

export async function startWorld({ folder, source, place, tls }: WorldOptions): Promise<World> {
  const storage = join(folder, "registry");
  mkdirSync(storage, { recursive: true });
  let realm = "";
  const behind = await startTokenRegistry(storage, () => realm);
  const upstreams: Readonly<Record<Place, string>> = { source, registry: behind.registry.url, "token-service": behind.tokenService };
  const elsewhere = await startFaultProxy({ upstream: upstreams[place] });
  const { challenge } = behind;
  const start = (of: Place): Promise<FaultProxy> => startFaultProxy({ upstream: upstreams[of], elsewhere: elsewhere.url, challenge, tls });
  const proxies = { source: await start("source"), registry: await start("registry"), "token-service": await start("token-service") };
  realm = `${proxies["token-service"].url}/token`;
  return {
    proxies,
    elsewhere,
    behind,
    folder,
    certificates: tls,
    async stop() {
      await Promise.all([...Object.values(proxies), elsewhere].map((proxy) => proxy.stop()));
      await behind.stop();
    },
  };
}

/** Client connections that are open anywhere. */
export function openSockets({ proxies, elsewhere }: World): number {
  return [...Object.values(proxies), elsewhere].reduce((sum, proxy) => sum + proxy.openSockets(), 0);
}

/** Requests that arrived anywhere since the proxies were armed. */
export function countRequests({ proxies, elsewhere }: World): number {
  return [...Object.values(proxies), elsewhere].reduce((sum, { requests }) => sum + requests.length, 0);
}
