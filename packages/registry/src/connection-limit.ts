import { readFile } from "node:fs/promises";
import type { Server } from "node:http";

/** Without a lower limit of the system's. */
const mostConnections = 1000;
/** Files that are open whatever clients do: the program's own, logs of changes, folds. */
const ownFiles = 40;

/**
 * Connections at one time for which there are files: each request may need one besides its socket. Beyond that a registry would accept
 * clients for whom it can open nothing, and serve nobody.
 */
export async function affordableConnections(): Promise<number> {
  const limit = await openFileLimit();
  return limit === undefined ? mostConnections : Math.min(mostConnections, Math.max(4, Math.floor((limit - ownFiles) / 2)));
}

/** `ulimit -n` of this process; `undefined` where the system does not tell. */
async function openFileLimit(): Promise<number | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const text = /^Max open files +(\d+) /m.exec(limits)?.[1];
  return text === undefined ? undefined : Number(text);
}

/** Share of the connections from which on an answered one is closed, so that nobody keeps one idle while others find none. */
const crowded = 0.75;

/** Bounds the connections of a server; the answer to a request is the time to let others in. */
export function limitConnections(server: Server, most: number): void {
  server.maxConnections = most;
  let open = 0;
  server.on("connection", (socket) => {
    open += 1;
    socket.once("close", () => (open -= 1));
  });
  server.prependListener("request", (_incoming, outgoing) => {
    if (open > most * crowded) outgoing.shouldKeepAlive = false;
  });
}
