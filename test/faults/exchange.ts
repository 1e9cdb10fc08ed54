import { once } from "node:events";
import { type IncomingMessage, type OutgoingHttpHeaders, request as send, type ServerResponse, STATUS_CODES } from "node:http";

/** One request at a proxy, and where it would go on to. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** `http://127.0.0.1:PORT` of the server behind. */
  readonly upstream: string;
  /** With query, as the server behind knows it. */
  readonly path: string;
  /** Another server with the same content, over http. */
  readonly elsewhere: string;
  /** What a registry says to a request that must sign in (again). */
  readonly challenge: string;
}

export interface WholeAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Passes the request on and reads the answer to its end. */
export async function askUpstream({ request, upstream, path }: Exchange): Promise<WholeAnswer> {
  const { method, headers } = request;
  const onward = send(`${upstream}${path}`, { method, headers, agent: false });
  request.pipe(onward);
  const [answer]: IncomingMessage[] = await once(onward, "response");
  if (answer === undefined) throw new Error("the server behind did not answer");
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await readWhole(answer) };
}

export async function readWhole(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) if (part instanceof Buffer) parts.push(part);
  return Buffer.concat(parts);
}

/** Answers as any server would. */
export function give({ request, response }: Exchange, { status, headers, body }: WholeAnswer): void {
  const { connection: _connection, "transfer-encoding": _encoding, ...own } = headers;
  const length = request.method === "HEAD" ? {} : { "content-length": body.byteLength };
  response.writeHead(status, { ...own, ...length });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** The same as bytes of the wire, to be sent in part. */
export function asBytes({ request }: Exchange, { status, headers, body }: WholeAnswer): { readonly head: Buffer; readonly body: Buffer } {
  const { connection: _connection, "transfer-encoding": _encoding, ...own } = headers;
  const length = request.method === "HEAD" ? {} : { "content-length": body.byteLength };
  const lines = Object.entries({ ...own, ...length }).map(([name, value]) => `${name}: ${String(value)}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", ""].join("\r\n");
  return { head: Buffer.from(head), body: request.method === "HEAD" ? Buffer.alloc(0) : body };
}
