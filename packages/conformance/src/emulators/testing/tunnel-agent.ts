import { readFileSync } from "node:fs";
import { request } from "node:http";
import { Agent } from "node:https";
import { type TLSSocket, connect } from "node:tls";

import type { World } from "../world/start-world.ts";

type Done = (error: Error | null, socket?: TLSSocket) => void;

/** Leads a vendor's own client into an emulated world: it takes an agent, and knows no authority for connections through a proxy. */
export function tunnelAgent({ caFile, environment }: World): Agent {
  const proxy = new URL(environment["HTTPS_PROXY"] ?? "");
  const ca = readFileSync(caFile, "utf8");
  const createConnection = ({ host = "" }: { readonly host?: string }, done: Done): void => {
    request({ host: proxy.hostname, port: proxy.port, method: "CONNECT", path: `${host}:443` })
      .once("connect", (_answer, socket) => done(null, connect({ socket, servername: host, ca })))
      .once("error", done)
      .end();
  };
  return Object.assign(new Agent({ keepAlive: false }), { createConnection });
}
