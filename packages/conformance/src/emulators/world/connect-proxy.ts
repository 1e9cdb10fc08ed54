import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";

export interface ConnectProxy {
  readonly url: URL;
  /** Host names that were asked for and are not here: nothing gets out. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** A proxy that knows CONNECT alone and leads each known host name, whatever its port, to a port of this machine. */
export async function startConnectProxy(portOf: (host: string) => number | undefined): Promise<ConnectProxy> {
  const refused: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    refused.push(request.headers.host ?? "");
    response.writeHead(502).end();
  });
  server.on("connect", (request, near: Socket, head: Buffer) => {
    const host = (request.url ?? "").replace(/:\d+$/, "");
    const port = portOf(host);
    if (port === undefined) {
      refused.push(host);
      near.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const far = connect(port, "127.0.0.1", () => {
      near.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      far.write(head);
      near.pipe(far).pipe(near);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.once("error", () => other.destroy()).once("close", () => sockets.delete(socket) && other.destroy());
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: new URL(`http://127.0.0.1:${address.port}`),
    refused,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
