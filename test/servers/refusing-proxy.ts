import { createServer } from "node:http";

import { listenOnLoopback } from "./listen-on-loopback.ts";

export interface RefusingProxy {
  /** HTTPS_PROXY and HTTP_PROXY in both cases, and no NO_PROXY: whatever leaves this machine by proxy rules comes here. */
  readonly env: Readonly<Record<string, string>>;
  /** `host:port` of each tunnel that was asked for, or the url of a plain request; oldest first. */
  readonly refused: string[];
  readonly stop: () => Promise<void>;
}

/** Lets nothing out, as the proxy of a closed network does, and remembers who wanted to go where. */
export async function startRefusingProxy(): Promise<RefusingProxy> {
  const refused: string[] = [];
  const server = createServer((request, response) => {
    refused.push(request.url ?? "");
    response.writeHead(502).end();
  });
  server.on("connect", ({ url }, socket) => {
    refused.push(url ?? "");
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  });
  const { url, stop } = await listenOnLoopback(server);
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];
  return { env: Object.fromEntries(names.map((name) => [name, url])), refused, stop };
}
