import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { httpListener, type RegistryHandler } from "@chartferry/registry";

import { type Authority, makeAuthority, makeCertificate } from "../../../../core/src/http/testing/make-certificates.ts";
import { startConnectProxy } from "./connect-proxy.ts";
import type { Emulator } from "./emulator.ts";

export interface World {
  /** The authority that signed every host's certificate, PEM. */
  readonly caFile: string;
  /** What a program needs to reach the emulators under their real names: proxy and authority, in everybody's spelling. */
  readonly environment: Readonly<Record<string, string>>;
  /** Host names that somebody asked for and that are not here. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** Puts emulators behind one CONNECT proxy, each host with a certificate and a port of its own. Closing it closes them. */
export async function startWorld(emulators: readonly Emulator[]): Promise<World> {
  const authority = makeAuthority();
  const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "chartferry-world-"));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, authority.cert);
  const hosts = emulators.flatMap(({ hosts: own }) => Object.entries(own));
  const servers = new Map(
    await Promise.all(hosts.map(async ([host, handler]) => [host, await serveHost(host, handler, authority)] as const)),
  );
  const proxy = await startConnectProxy((host) => servers.get(host)?.port);
  return {
    caFile,
    refused: proxy.refused,
    environment: {
      HTTPS_PROXY: proxy.url.origin,
      HTTP_PROXY: proxy.url.origin,
      NO_PROXY: "127.0.0.1,localhost",
      NODE_EXTRA_CA_CERTS: caFile,
      SSL_CERT_FILE: caFile,
    },
    close: async () => {
      await proxy.close();
      await Promise.all([...servers.values()].map(({ server }) => closeServer(server)));
      await Promise.all(emulators.map((each) => each.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function serveHost(host: string, handler: RegistryHandler, authority: Authority): Promise<{ server: Server; port: number }> {
  const server = createServer(makeCertificate({ authority, hosts: [host] }), httpListener(handler));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`${host} has no port`);
  return { server, port: address.port };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
