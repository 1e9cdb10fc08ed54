import type { HttpAnswer } from "../../http/http-client.ts";
import { findBlob } from "../http-store.ts";
import type { RepositoryEnd, RepositoryRequest } from "../repository-end.ts";

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where redirects have led. Default: where the request went. */
  readonly url?: string;
  readonly body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>);
}

export interface ScriptedEnd extends RepositoryEnd {
  /** `POST /v2/charts/web/blobs/uploads/?digest=…`, in order. */
  readonly requests: string[];
  /** Milliseconds are not waited; each pause is written down with the error's code. */
  readonly pauses: string[];
  /** Who was to repeat the requests, so far. */
  readonly repeats: Set<string>;
}

/** A repository whose answers the test writes: a function of the request line. */
export function scriptedEnd(answer: (line: string, request: RepositoryRequest) => ScriptedAnswer): ScriptedEnd {
  const requests: string[] = [];
  const pauses: string[] = [];
  const repeats = new Set<string>();
  const end: ScriptedEnd = {
    registry: "registry.example",
    repository: "charts/web",
    uploads: { singlePost: "no" },
    tagPageSize: 1000,
    manifestBytes: 4 * 1024 * 1024,
    requests,
    pauses,
    repeats,
    url: (path) => new URL(`https://registry.example/v2/charts/web/${path}`),
    send: (request) => {
      const line = `${request.method} ${request.url.host === "registry.example" ? "" : request.url.host}${request.url.pathname}${request.url.search}`;
      requests.push(line);
      repeats.add(request.repeats ?? "plain");
      return Promise.resolve().then(() => httpAnswer(request.url, answer(line, request)));
    },
    findBlob: (digest, options) => findBlob(end, digest, options),
    pause: ({ error }) => {
      pauses.push(error.code);
      return Promise.resolve();
    },
    mapError: () => undefined,
  };
  return end;
}

function httpAnswer(asked: URL, { status, headers = {}, body = "", url }: ScriptedAnswer): HttpAnswer {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body instanceof Uint8Array ? body : new Uint8Array();
  return {
    status,
    headers,
    url: url === undefined ? asked : new URL(url),
    bytes: () => Promise.resolve(bytes),
    stream: typeof body === "function" ? body : () => once(bytes),
    dump: () => Promise.resolve(),
  };
}

// oxlint-disable-next-line typescript/require-await -- a stream of one chunk
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
