import type { buildConnector } from "undici";
import errors from "undici/lib/core/errors.js";

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>;

/** What this file knows of undici's parser, which hangs on the socket under a private symbol. */
interface AnswerParser {
  /** Its reader has asked for no more. */
  paused: boolean;
  /** 0 once the answer is complete. */
  readonly statusCode: number;
  readonly llhttp: { llhttp_resume(pointer: number): void };
  readonly ptr: number;
  resume(): void;
  finish(): Error | null;
}

/**
 * A server that closes after its answer (`Connection: close`, all of HTTP/1.0) may do so while the reader of that answer is still
 * behind. undici 7 then throws an assertion from the socket's event, which nobody can catch and which ends the process. This lets the
 * answer end first. Source: nodejs/undici issue 5360, mended there from version 8 on, which wants a newer Node than we do.
 */
export function calmConnector(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result;
      if (socket) whenParserIsThere(socket, (parser) => finishThoughPaused(parser, socket));
      callback(...result);
    });
}

/** undici hangs its parser on the socket and listens for the end right after. */
function whenParserIsThere(socket: Socket, use: (parser: AnswerParser) => void): void {
  const look = (event: string | symbol): void => {
    if (event !== "end") return;
    const parser = parserOf(socket);
    if (parser === undefined) return;
    socket.off("newListener", look);
    use(parser);
  };
  socket.on("newListener", look);
}

function parserOf(socket: Socket): AnswerParser | undefined {
  for (const key of Object.getOwnPropertySymbols(socket)) {
    const value: unknown = key.description === "parser" ? Reflect.get(socket, key) : undefined;
    if (isAnswerParser(value)) return value;
  }
  return undefined;
}

/** Node's own sockets have a `parser` symbol too; another release of undici may look different, and is then left as it is. */
function isAnswerParser(value: unknown): value is AnswerParser {
  if (typeof value !== "object" || value === null) return false;
  const has = (key: string, type: string): boolean => typeof Reflect.get(value, key) === type;
  return (
    has("paused", "boolean") &&
    has("statusCode", "number") &&
    has("ptr", "number") &&
    has("llhttp", "object") &&
    has("resume", "function") &&
    has("finish", "function")
  );
}

function finishThoughPaused(parser: AnswerParser, socket: Socket): void {
  const finish = parser.finish.bind(parser);
  parser.finish = () => {
    if (parser.paused && socket.destroyed) return new errors.SocketError("other side closed while its answer was being read");
    // All has been received: to pause again would hold nothing back.
    if (parser.paused) parser.resume();
    if (parser.statusCode === 0) return null;
    if (parser.paused) wake(parser);
    return finish();
  };
}

/** An answer that ends with its connection is complete only by `finish`, and its full reader pauses it once more before that. */
function wake(parser: AnswerParser): void {
  parser.llhttp.llhttp_resume(parser.ptr);
  parser.paused = false;
}
