import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { createServer as createRawServer, type Server, type Socket } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface StubServer {
  /** `http://127.0.0.1:<port>/` */
  readonly origin: URL;
  readonly requests: readonly SeenRequest[];
  /** Sockets accepted so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export type StubHandler = (request: SeenRequest, response: ServerResponse, raw: IncomingMessage) => void | Promise<void>;

/** A server on 127.0.0.1 that answers as the test says and keeps what it saw. */
export async function startStubServer(
  handler: StubHandler,
  options: { readonly tls?: ServerOptions; readonly host?: string; readonly port?: number } = {},
): Promise<StubServer> {
  const requests: SeenRequest[] = [];
  const listener: RequestListener = (raw, response) => {
    void collect(raw).then(
      (body) => {
        const seen: SeenRequest = { method: raw.method ?? "", url: raw.url ?? "", headers: raw.headers, body };
        requests.push(seen);
        return handler(seen, response, raw);
      },
      () => response.destroy(),
    );
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  const running = await listen(server, options);
  return { ...running, origin: new URL(`${options.tls === undefined ? "http" : "https"}://${running.address}/`), requests };
}

/** A server that is given bare sockets: for answers that no honest server sends. */
export async function startRawServer(onSocket: (socket: Socket) => void): Promise<StubServer> {
  const server = createRawServer(onSocket);
  const running = await listen(server, {});
  return { ...running, origin: new URL(`http://${running.address}/`), requests: [] };
}

/** A port of 127.0.0.1 where nobody listens. */
export async function unusedOrigin(): Promise<URL> {
  const server = await startRawServer(() => undefined);
  await server.close();
  return server.origin;
}

async function collect(raw: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of raw) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listen(
  server: Server,
  { host = "127.0.0.1", port = 0 }: { readonly host?: string; readonly port?: number },
): Promise<Pick<StubServer, "connections" | "close"> & { address: string }> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on("connection", (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stub server has no port");
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    connections: () => accepted,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
