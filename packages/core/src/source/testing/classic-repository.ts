import { onTestFinished } from "vitest";

import { buildSmallChart } from "../../chart/testing/build-archive.ts";
import { digestOf } from "../../digest.ts";
import { ChartferryError } from "../../errors.ts";
import { createHttpClient } from "../../http/create-http-client.ts";
import { manualClock } from "../../http/testing/manual-clock.ts";
import type { StubHandler, StubServer } from "../../http/testing/start-stub-server.ts";
import { startStubServer } from "../../http/testing/start-stub-server.ts";
import type { SourceEntry, SourceItem } from "../chart-source.ts";
import { createClassicSource } from "../classic-source.ts";
import type { ClassicSource, ClassicSourceOptions } from "../classic-source.ts";

export const web = buildSmallChart({ name: "web", version: "1.0.0" });
export const webDigest = digestOf(web);
export const signature = Buffer.from(
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: web\n\n...\nfiles:\n  web-1.0.0.tgz: ${webDigest}\n-----BEGIN PGP SIGNATURE-----\n\nwsB\n-----END PGP SIGNATURE-----\n`,
);

/** What a path answers: bytes with status 200, a status alone, or a handler. */
export type Answers = Record<string, Uint8Array | string | number | StubHandler>;

/** The same for one test: it is closed when the test is over. */
export async function served(answers: Answers): Promise<StubServer> {
  const server = await serve(answers);
  onTestFinished(() => server.close());
  return server;
}

/** A web server that knows some paths (query included); all others answer 404. */
export async function serve(answers: Answers): Promise<StubServer> {
  return startStubServer((request, response, raw) => {
    const answer = Object.hasOwn(answers, request.url) ? answers[request.url] : 404;
    if (typeof answer === "function") return answer(request, response, raw);
    if (typeof answer === "number" || answer === undefined) {
      response.writeHead(answer ?? 404).end();
      return undefined;
    }
    response.writeHead(200, { "content-length": Buffer.byteLength(answer) }).end(answer);
    return undefined;
  });
}

/** An index that names one chart, `web` 1.0.0, at the given urls. */
export function indexOf(urls: readonly string[], fields: Record<string, string> = {}): string {
  const facts = { digest: webDigest.slice("sha256:".length), created: '"2024-05-06T07:08:09Z"', ...fields };
  const lines = Object.entries(facts).map(([key, value]) => (value === "" ? "" : `    ${key}: ${value}\n`));
  const listed = urls.map((url) => `    - ${url}\n`).join("");
  return `apiVersion: v1\nentries:\n  web:\n  - name: web\n${lines.join("")}    urls:\n${listed}    version: 1.0.0\ngenerated: "2024-01-01T00:00:00Z"\n`;
}

/** The source of a served repository; waits pass at once. */
export function sourceAt(origin: URL, options: Partial<ClassicSourceOptions> = {}, path = ""): ClassicSource {
  const clock = manualClock();
  const http = createHttpClient({ origin, clock, random: () => 0 });
  return createClassicSource({ location: new URL(path, origin).href, http, clock, ...options });
}

export async function itemsOf(source: ClassicSource): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of source.versions()) items.push(item);
  return items;
}

/** The only entry of the source. */
export async function entryOf(source: ClassicSource): Promise<SourceEntry> {
  const [item, ...rest] = await itemsOf(source);
  if (item?.kind !== "entry" || rest.length > 0) throw new Error(`not one entry: ${JSON.stringify([item, ...rest])}`);
  return item.entry;
}

export async function failureOf(work: Promise<unknown>): Promise<ChartferryError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ChartferryError) return error;
    throw error;
  }
  throw new Error("nothing failed");
}
