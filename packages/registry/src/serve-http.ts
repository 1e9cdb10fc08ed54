import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

import { bodySize, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "./registry-request.ts";

/** Largest rest of a refused body that is read away; beyond that the connection is closed. */
const maxDrainBytes = 1024 * 1024;
/** How long a client that is still sending is given to take the refusal, in milliseconds. */
const drainMs = 2000;

/** A listener for node:http and node:https that answers with the handler. */
export function httpListener(handler: RegistryHandler): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    exchange(handler, { incoming, outgoing }).catch(() => incoming.socket.destroy());
  };
}

interface Pair {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

async function exchange(handler: RegistryHandler, { incoming, outgoing }: Pair): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  const response = await handler(requestFrom(incoming, gone.signal));
  if (gone.signal.aborted || response.cutAfter === 0) {
    incoming.socket.destroy();
    return;
  }
  const isLongBody = !incoming.complete && isLong(incoming);
  if (isLongBody) outgoing.setHeader("connection", "close");
  writeHead(outgoing, response);
  if (incoming.method !== "HEAD") await writeBody(outgoing, response);
  if (isLongBody) await drain(incoming);
  outgoing.end();
}

function requestFrom(incoming: IncomingMessage, signal: AbortSignal): RegistryRequest {
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    headers: joined(incoming),
    body: chunksOf(incoming),
    signal,
  };
}

/** Node gives a list for `set-cookie` alone, which no client sends. */
function joined({ headers }: IncomingMessage): Record<string, string | undefined> {
  const texts: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) texts[name] = Array.isArray(value) ? value.join(", ") : value;
  return texts;
}

/** Stopping early must not destroy the socket: an answer follows. */
async function* chunksOf(incoming: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) if (chunk instanceof Uint8Array) yield chunk;
}

function writeHead(outgoing: ServerResponse, response: RegistryResponse): void {
  for (const [name, value] of Object.entries(response.headers)) outgoing.setHeader(name, typeof value === "string" ? value : [...value]);
  const mayHaveBody = response.status !== 204 && response.status !== 304;
  if (mayHaveBody && !outgoing.hasHeader("content-length")) outgoing.setHeader("content-length", bodySize(response));
  outgoing.writeHead(response.status);
}

async function writeBody(outgoing: ServerResponse, response: RegistryResponse): Promise<void> {
  const { body, cutAfter = Number.POSITIVE_INFINITY } = response;
  if (body === undefined) return;
  let sent = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body.open()) {
    const part = chunk.subarray(0, Math.min(chunk.byteLength, cutAfter - sent));
    sent += part.byteLength;
    if (part.byteLength > 0) await write(outgoing, part);
    if (sent >= cutAfter) throw new Error("the connection is cut on purpose");
  }
  // A file that became shorter while it was sent: the client must not take it for complete.
  if (sent !== bodySize(response)) throw new Error("the body ended early");
}

async function write(outgoing: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (outgoing.destroyed) throw new Error("the client is gone");
  if (outgoing.write(chunk)) return;
  const waiting = new AbortController();
  try {
    await Promise.race([once(outgoing, "drain", waiting), once(outgoing, "close", waiting)]);
  } finally {
    waiting.abort();
  }
}

function isLong({ headers }: IncomingMessage): boolean {
  const size = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (size !== undefined && Number(size) > maxDrainBytes);
}

/** Reads on for a moment after a refusal: closing at once would reset the connection, and the client would never see the answer. */
async function drain(incoming: IncomingMessage): Promise<void> {
  let rest = maxDrainBytes * 64;
  const timer = setTimeout(() => incoming.socket.destroy(), drainMs);
  try {
    for await (const chunk of chunksOf(incoming)) {
      rest -= chunk.byteLength;
      if (rest < 0) return;
    }
  } catch {
    // The client went away, which is what it should do.
  } finally {
    clearTimeout(timer);
  }
}
