import { Agent, type IncomingHttpHeaders, request as requestOverHttp } from "node:http";

export interface LoadRequest {
  readonly method: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadAnswer {
  readonly status: number;
  readonly location: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends to one registry over few connections, without retries: whatever goes wrong is for the caller to see. */
export type SendRequest = (path: string, request: LoadRequest) => Promise<LoadAnswer>;

/** As little work a request as node can do, so that the server is what is measured. */
export function createSender(url: string, connections: number): { send: SendRequest; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
  const send: SendRequest = (path, { method, body, headers = {} }) =>
    new Promise((settle, fail) => {
      const length = body === undefined && method !== "POST" && method !== "PUT" ? {} : { "content-length": body?.byteLength ?? 0 };
      const request = requestOverHttp(new URL(path, url), { method, agent, headers: { ...headers, ...length } }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", fail);
        response.once("end", () => {
          settle({
            status: response.statusCode ?? 0,
            location: response.headers.location ?? "",
            headers: response.headers,
            body: Buffer.concat(parts),
          });
        });
      });
      request.once("error", fail);
      request.end(body);
    });
  return { send, close: () => agent.destroy() };
}
