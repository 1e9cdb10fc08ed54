import type { Socket } from "node:net";

import { expect, it } from "vitest";

import { createHttpClient } from "../create-http-client.ts";
import { startRawServer } from "../testing/start-stub-server.ts";

/** As much as a reader's buffer holds: its last byte pauses the reader, and then comes the end. */
const body = "x".repeat(64 * 1024);

const answers = [
  { name: "with a length, over HTTP/1.0", head: `HTTP/1.0 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`, sent: body },
  {
    name: "with a length and Connection: close",
    head: `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
    sent: body,
  },
  { name: "that ends where the connection ends", head: "HTTP/1.0 200 OK\r\n\r\n", sent: body },
  {
    name: "in chunks and Connection: close",
    head: "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
    sent: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  },
];

it.each(answers)("reads an answer $name whole, though the server closes while its reader is behind", async ({ head, sent }) => {
  const { client, end } = await clientOf((socket) => inTurn(socket, [head, sent]));
  const answer = await client.send({ method: "GET", url: end.origin, operation: "read index" });
  await closedMeanwhile();
  expect((await answer.bytes(1_000_000)).byteLength).toBe(body.length);
  await end.close();
});

it("tells an answer that was cut from a whole one, though its reader was behind", async () => {
  const head = `HTTP/1.0 200 OK\r\ncontent-length: ${body.length + 1}\r\n\r\n`;
  const { client, end } = await clientOf((socket) => inTurn(socket, [head, body]));
  const answer = await client.send({ method: "GET", url: end.origin, operation: "read index" });
  await closedMeanwhile();
  await expect(answer.bytes(1_000_000)).rejects.toMatchObject({ code: "connection-lost" });
  await end.close();
});

it("fails an answer whose connection was reset while its reader was behind", async () => {
  const head = `HTTP/1.0 200 OK\r\ncontent-length: ${body.length * 40}\r\n\r\n`;
  const { client, end } = await clientOf((socket) => socket.write(`${head}${body.repeat(30)}`, () => socket.resetAndDestroy()));
  const answer = await client.send({ method: "GET", url: end.origin, operation: "read index" });
  await closedMeanwhile();
  await expect(answer.bytes(100_000_000)).rejects.toMatchObject({ code: "connection-lost" });
  await end.close();
});

/** One piece after the other, each on its way before the next, and the end last. */
function inTurn(socket: Socket, [piece, ...rest]: readonly string[]): void {
  if (piece === undefined) socket.end();
  else socket.write(piece, () => setTimeout(() => inTurn(socket, rest), 20));
}

async function clientOf(answer: (socket: Socket) => void) {
  const server = await startRawServer((socket) => socket.on("error", () => undefined).once("data", () => answer(socket)));
  const client = createHttpClient({ origin: server.origin, attempts: 1 });
  const close = async (): Promise<void> => {
    await client.close();
    await server.close();
  };
  return { client, end: { origin: server.origin, close } };
}

/** Long enough for the end of the connection to arrive before anybody reads; a faster machine only makes the test weaker, never red. */
function closedMeanwhile(): Promise<void> {
  return new Promise((done) => setTimeout(done, 100));
}
