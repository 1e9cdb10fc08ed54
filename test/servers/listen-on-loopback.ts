import type { Server } from "node:http";
import type { Server as TlsServer } from "node:https";

export interface Listening {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** Cuts the connections that are still open. */
  readonly stop: () => Promise<void>;
}

/** Lets a server of this process listen on a free port of this machine. */
export async function listenOnLoopback(server: Server | TlsServer, scheme: "http" | "https" = "http"): Promise<Listening> {
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", done);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  const host = `127.0.0.1:${address.port}`;
  return { host, url: `${scheme}://${host}`, stop: () => close(server) };
}

async function close(server: Server | TlsServer): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeAllConnections();
  await closed;
}
