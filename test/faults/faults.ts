import { request as send } from "node:http";

import { asBytes, askUpstream, type Exchange, give, readWhole, type WholeAnswer } from "./exchange.ts";
import { kindFacts, type RequestKind } from "./request-kinds.ts";

/** Something that goes wrong with one request. */
export interface Fault {
  /** Head of its column. */
  readonly title: string;
  readonly inflict: (exchange: Exchange) => Promise<void> | void;
  /** Requests that it can befall. Default: all. */
  readonly befalls?: (kind: RequestKind) => boolean;
  /** It is nothing when it happens once. */
  readonly onlyLasting?: true;
  /** The connection it befalls must be encrypted. */
  readonly overTls?: true;
}

const namesDigest = (kind: RequestKind): boolean => kindFacts[kind].namesDigest === true;
const sendsBody = (kind: RequestKind): boolean => kindFacts[kind].sendsBody === true;

/** A digest of nothing that exists here. */
const wrongDigest = `sha256:${"0".repeat(64)}`;
const page = "<!doctype html><html><head><title>Sign in to the network</title></head><body><h1>Welcome</h1></body></html>\n";

export const faults = {
  "reset-before": { title: "reset before the body", inflict: reset },
  "reset-middle": { title: "reset in the middle of it", befalls: sendsBody, inflict: resetInTheMiddle },
  "reset-after": { title: "reset instead of the answer", inflict: resetAfterwards },
  silence: { title: "no answer", inflict: async ({ request }) => void (await readWhole(request)) },
  stall: { title: "the answer stalls", inflict: (exchange) => half(exchange, "stall") },
  drip: { title: "the answer comes byte by byte", inflict: dripOn },
  truncated: { title: "the answer ends early", inflict: (exchange) => half(exchange, "end") },
  closing: { title: "`Connection: close`", inflict: giveAndClose },

  "status-500": { title: "500", inflict: status(500) },
  "status-502": { title: "502", inflict: status(502) },
  "status-503": { title: "503", inflict: status(503) },
  "status-429": { title: "429", inflict: status(429) },
  "retry-after": { title: "429 with `Retry-After: 1`", inflict: status(429, { "retry-after": "1" }) },
  "retry-late": { title: "429 with an hour", inflict: status(429, { "retry-after": "3600" }) },
  "status-401": { title: "401", inflict: (exchange) => status(401, { "www-authenticate": exchange.challenge })(exchange) },
  "status-404": { title: "404", inflict: status(404) },

  "redirect-same": { title: "to the same host", inflict: redirect(({ path }) => `/again${path}`) },
  "redirect-other": { title: "to another host", inflict: redirect(({ path, elsewhere }) => `${elsewhere}${path}`) },
  "redirect-http": { title: "from https to http", overTls: true, inflict: redirect(({ path, elsewhere }) => `${elsewhere}${path}`) },
  "redirect-loop": { title: "in a circle", onlyLasting: true, inflict: redirect(({ path }) => path) },

  html: {
    title: "an HTML page, 200",
    inflict: async (exchange) => answerInstead(exchange, { status: 200, type: "text/html", text: page }),
  },
  huge: { title: "1 TiB announced", inflict: announceTooMuch },
  garbage: { title: "no HTTP", inflict: giveGarbage },
  "wrong-digest": {
    title: "another digest in the header",
    befalls: namesDigest,
    inflict: change({ "docker-content-digest": wrongDigest }),
  },
  bare: {
    title: "no `Location`, no digest",
    befalls: (kind) => namesDigest(kind) || kind === "start-upload",
    inflict: change({ "docker-content-digest": undefined, location: undefined }),
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

/** The table's parts: each family has its own. */
export const faultFamilies: Readonly<Record<string, readonly FaultName[]>> = {
  "The connection breaks": ["reset-before", "reset-middle", "reset-after", "silence", "stall", "drip", "truncated", "closing"],
  "The server refuses": ["status-500", "status-502", "status-503", "status-429", "retry-after", "retry-late", "status-401", "status-404"],
  "It sends us away (307)": ["redirect-same", "redirect-other", "redirect-http", "redirect-loop"],
  "It answers something else": ["html", "garbage", "huge", "wrong-digest", "bare"],
};

function reset({ request }: Exchange): void {
  request.socket.resetAndDestroy();
}

/** The server behind has done what it was asked, and nobody hears of it. */
async function resetAfterwards(exchange: Exchange): Promise<void> {
  await askUpstream(exchange);
  reset(exchange);
}

/** The server behind sees half of the body as well, and then nothing more. */
async function resetInTheMiddle(exchange: Exchange): Promise<void> {
  const { request, upstream, path } = exchange;
  const { method, headers } = request;
  const body = await readWhole(request);
  const onward = send(`${upstream}${path}`, { method, headers, agent: false });
  onward.on("error", () => undefined);
  onward.write(body.subarray(0, body.byteLength / 2), () => onward.destroy());
  reset(exchange);
}

/** Half of the body; where there is none, half of the head. */
async function half(exchange: Exchange, then: "stall" | "end"): Promise<void> {
  const { socket } = exchange.request;
  const { head, body } = asBytes(exchange, await askUpstream(exchange));
  const sent =
    body.byteLength > 0 ? Buffer.concat([head, body.subarray(0, Math.floor(body.byteLength / 2))]) : head.subarray(0, head.byteLength / 2);
  if (then === "end") socket.end(sent);
  else socket.write(sent);
}

/** Between two bytes. Shorter than any patience that these tests have. Milliseconds. */
const dripEvery = 300;

/** Half of the body, and then a byte now and then without an end; where there is none, the same with the head. */
async function dripOn(exchange: Exchange): Promise<void> {
  const { socket } = exchange.request;
  const { head, body } = asBytes(exchange, await askUpstream(exchange));
  const isHead = body.byteLength === 0;
  let sent = Math.floor(body.byteLength / 2);
  if (isHead) socket.write(head.subarray(0, head.byteLength / 2));
  else socket.write(Buffer.concat([chunkedHead(head), chunkOf(body.subarray(0, sent))]));
  // Bytes of its own as long as there are some: who goes on where this breaks off must find what belongs there.
  const next = (): Buffer => chunkOf(sent < body.byteLength ? body.subarray(sent, ++sent) : Buffer.from(" "));
  const timer = setInterval(() => socket.write(isHead ? "x" : next()), dripEvery);
  socket.once("close", () => clearInterval(timer));
}

function chunkedHead(head: Buffer): Buffer {
  return Buffer.from(head.toString("latin1").replace(/content-length: \d+\r\n/u, "transfer-encoding: chunked\r\n"), "latin1");
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** All at once and the end with it: whoever reads slowly still has most of it before him. */
async function giveAndClose(exchange: Exchange): Promise<void> {
  const answer = await askUpstream(exchange);
  const { head, body } = asBytes(exchange, answer);
  const closing = Buffer.from(head.toString("latin1").replace(/\r\n\r\n$/u, "\r\nconnection: close\r\n\r\n"), "latin1");
  exchange.request.socket.end(Buffer.concat([closing, body]));
}

/** More than anybody takes; what comes is the answer as it is, and then the end. */
async function announceTooMuch(exchange: Exchange): Promise<void> {
  const { head, body } = asBytes(exchange, await askUpstream(exchange));
  const lines = head
    .toString("latin1")
    .replace(/content-length: \d+\r\n/u, "")
    .slice(0, -2);
  exchange.request.socket.end(Buffer.concat([Buffer.from(`${lines}content-length: ${2 ** 40}\r\n\r\n`, "latin1"), body]));
}

function status(code: number, headers: Readonly<Record<string, string>> = {}): Fault["inflict"] {
  return (exchange) => answerInstead(exchange, { status: code, type: "text/plain", text: `${code} on purpose\n`, headers });
}

function redirect(to: (exchange: Exchange) => string): Fault["inflict"] {
  return (exchange) =>
    answerInstead(exchange, { status: 307, type: "text/plain", text: "elsewhere\n", headers: { location: to(exchange) } });
}

interface OtherAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server behind never learns of the request. */
async function answerInstead(exchange: Exchange, { status: code, type, text, headers = {} }: OtherAnswer): Promise<void> {
  await readWhole(exchange.request);
  give(exchange, { status: code, headers: { "content-type": type, ...headers }, body: Buffer.from(text) });
}

async function giveGarbage({ request }: Exchange): Promise<void> {
  await readWhole(request);
  request.socket.end(Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 167 + 13) % 256)));
}

function change(headers: WholeAnswer["headers"]): Fault["inflict"] {
  return async (exchange) => {
    const answer = await askUpstream(exchange);
    const changed = Object.entries({ ...answer.headers, ...headers }).filter(([, value]) => value !== undefined);
    give(exchange, { ...answer, headers: Object.fromEntries(changed) });
  };
}
