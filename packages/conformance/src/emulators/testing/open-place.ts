import { adapters } from "@chartferry/adapters";
import {
  bytesContent,
  buildChartManifest,
  type ChartStore,
  type Connection,
  openConnection,
  type OpenConnectionOptions,
} from "@chartferry/core";
import { onTestFinished, vi } from "vitest";

import type { Identity, Setup } from "../setup.ts";
import { startWorld, type World } from "../world/start-world.ts";

export interface OpenPlace<Kind extends Setup> {
  readonly setup: Kind;
  readonly world: World;
  /** A connection of this process to the registry, found by its host name; in time with the emulator's clock. */
  readonly connect: (options?: Partial<OpenConnectionOptions>, who?: Identity) => Promise<Connection>;
  /** One repository below the setup's target. */
  readonly open: (chart: string, options?: Partial<OpenConnectionOptions>, who?: Identity) => Promise<ChartStore>;
  /** `METHOD path status` of what the registry's own host was asked. */
  readonly asked: () => string[];
}

/** A setup behind its proxy for one test. `generic` alone in `adapters` shows what a quirk does to who does not know it. */
export async function openPlace<Kind extends Setup>(start: () => Promise<Kind>): Promise<OpenPlace<Kind>> {
  const setup = await start();
  const world = await startWorld([setup.emulator]);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await world.close();
  });
  const connect = async (options: Partial<OpenConnectionOptions> = {}, who: Identity = setup.user): Promise<Connection> => {
    // The vendors' libraries read the process's own environment.
    for (const [name, value] of Object.entries(who.environment ?? {})) vi.stubEnv(name, value);
    const auths = Object.entries(who.auths ?? {}).map(([key, pair]) => [key, { auth: encoded(pair) }]);
    const connection = await openConnection({
      end: "target",
      registry: setup.registry,
      adapters,
      environment: {
        HOME: "/nonexistent",
        ...world.environment,
        ...who.environment,
        DOCKER_AUTH_CONFIG: JSON.stringify({ auths: Object.fromEntries(auths) }),
      },
      tls: { caFile: world.caFile },
      clock: setup.emulator.clock,
      ...options,
    });
    onTestFinished(() => connection.close());
    return connection;
  };
  return {
    setup,
    world,
    connect,
    open: async (chart, options, who) => (await connect(options, who)).openStore(`${namespaceOf(setup)}/${chart}`),
    asked: () =>
      setup.emulator.log.flatMap(({ host, method, path, status }) => (host === setup.registry ? [`${method} ${path} ${status}`] : [])),
  };
}

function encoded({ username, password }: { readonly username: string; readonly password: string }): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}

/** Path of the setup's target within its registry. */
export function namespaceOf({ target, registry }: Setup): string {
  return target.slice(`oci://${registry}/`.length);
}

/** A chart's blobs and manifest, small and valid enough for every registry; `created` makes it another one. */
export function tinyChart(name: string, created = "2024-01-01T00:00:00Z") {
  const layer = bytesContent(new TextEncoder().encode(`the archive of ${name}`));
  return { layer, ...buildChartManifest({ metadata: { apiVersion: "v2", name, version: "1.0.0" }, layer, created }) };
}

/** Puts it under tag 1.0.0: blobs, then the manifest. */
export async function putTinyChart(store: ChartStore, chart: ReturnType<typeof tinyChart>): Promise<void> {
  await store.putBlob(chart.config);
  await store.putBlob(chart.layer);
  await store.putManifest("1.0.0", chart.manifest);
}
