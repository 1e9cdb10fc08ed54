import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { digestOf } from "../digest.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import type { StubHandler } from "../http/testing/start-stub-server.ts";
import type { SoughtProvenance } from "./chart-source.ts";
import { createClassicSource, type ClassicSourceOptions } from "./classic-source.ts";
import { type Answers, entryOf, failureOf, indexOf, serve, signature, sourceAt, web } from "./testing/classic-repository.ts";

interface Sought {
  readonly answer: SoughtProvenance;
  /** What was asked for besides the index. */
  readonly asked: string[];
}

/** What a source says whose index names these urls, and whose server knows these paths. */
async function seek(urls: readonly string[], answers: Answers, options: Partial<ClassicSourceOptions> = {}): Promise<Sought> {
  const asked: string[] = [];
  const server = await serve({ "/index.yaml": indexOf(urls), ...answers });
  onTestFinished(() => server.close());
  const source = sourceAt(server.origin, options);
  onTestFinished(() => source.close());
  const entry = await entryOf(source);
  const before = server.requests.length;
  const answer = await source.seekProvenance?.(entry);
  asked.push(...server.requests.slice(before).map((request) => `${request.method} ${request.url}`));
  if (answer === undefined) throw new Error("the source cannot look for provenance");
  return { answer, asked };
}

describe("seekProvenance", () => {
  it("finds the text beside the chart with one request, and never asks for the chart", async () => {
    const { answer, asked } = await seek(["charts/web-1.0.0.tgz"], {
      "/charts/web-1.0.0.tgz.prov": signature,
      "/charts/web-1.0.0.tgz": web,
    });
    expect(answer).toEqual({ found: true, digest: digestOf(signature), notes: [] });
    expect(asked).toEqual(["GET /charts/web-1.0.0.tgz.prov"]);
  });

  it("takes absence for an answer, and looks beside the index as charts are looked for", async () => {
    const { answer, asked } = await seek(["charts/web-1.0.0.tgz"], {});
    expect(answer).toEqual({ found: false, notes: [] });
    expect(asked).toEqual(["GET /charts/web-1.0.0.tgz.prov", "GET /web-1.0.0.tgz.prov"]);
    expect((await seek(["charts/web-1.0.0.tgz"], { "/web-1.0.0.tgz.prov": signature })).answer.found).toBe(true);
  });

  it("goes on to the next place where a host is gone", async () => {
    const { answer } = await seek(["http://127.0.0.1:1/web-1.0.0.tgz"], { "/web-1.0.0.tgz.prov": signature });
    expect(answer.found).toBe(true);
  });

  it.each(["auto", "require"] as const)("does not take a source that is gone by now for one that has none: %s", async (provenance) => {
    const server = await serve({ "/index.yaml": indexOf(["charts/web-1.0.0.tgz"]) });
    const source = sourceAt(server.origin, { provenance });
    onTestFinished(() => source.close());
    const entry = await entryOf(source);
    await server.close();
    const failure = await failureOf(source.seekProvenance?.(entry) ?? Promise.resolve());
    expect(failure).toMatchObject({ code: "provenance-unavailable", repository: "web", version: "1.0.0" });
  });

  it("believes a place that says no over one that cannot be reached, in whatever order they come", async () => {
    const dead = "http://127.0.0.1:1/web-1.0.0.tgz";
    for (const urls of [[dead], [dead, "charts/web-1.0.0.tgz"], ["charts/web-1.0.0.tgz", dead]])
      expect((await seek(urls, {})).answer).toEqual({ found: false, notes: [] });
  });

  it.each(["open", "seekProvenance"] as const)(
    "passes on that its waiting was ended, which says nothing of the provenance: %s",
    async (verb) => {
      const stop = new AbortController();
      const hold: StubHandler = (_, response) => {
        response.writeHead(429, { "retry-after": "60" }).end();
        stop.abort();
      };
      const server = await serve({ "/index.yaml": indexOf(["web-1.0.0.tgz"]), "/web-1.0.0.tgz": web, "/web-1.0.0.tgz.prov": hold });
      onTestFinished(() => server.close());
      const http = createHttpClient({ origin: server.origin, clock: manualClock(), random: () => 0, stopWaiting: stop.signal });
      const source = sourceAt(server.origin, { http });
      onTestFinished(() => source.close());
      const entry = await entryOf(source);
      expect((await failureOf(source[verb]?.(entry) ?? Promise.resolve())).code).toBe("aborted");
    },
  );

  it("takes no page of HTML for one, and says so", async () => {
    const { answer } = await seek(["web-1.0.0.tgz"], { "/web-1.0.0.tgz.prov": "<!DOCTYPE html><html></html>" });
    expect(answer).toMatchObject({ found: false, notes: [{ code: "provenance-doubtful" }] });
  });

  it.each([
    ["a server in trouble", 503, "auto", "provenance-unavailable"],
    ["some other text", "hello", "auto", "provenance-unavailable"],
    ["absence under require", 404, "require", "provenance-missing"],
  ] as const)("fails on %s", async (...[, answer, provenance, code]) => {
    const failure = await failureOf(seek(["web-1.0.0.tgz"], { "/web-1.0.0.tgz.prov": answer }, { provenance }));
    expect(failure).toMatchObject({ code, repository: "web", version: "1.0.0" });
  });

  it("asks nobody where provenance is left out", async () => {
    const { answer, asked } = await seek(["web-1.0.0.tgz"], { "/web-1.0.0.tgz.prov": signature }, { provenance: "skip" });
    expect({ answer, asked }).toEqual({ answer: { found: false, notes: [] }, asked: [] });
  });

  it("looks into a folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "chartferry-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "web-1.0.0.tgz"), web);
    const source = createClassicSource({ location: folder });
    const entry = await entryOf(source);
    expect(await source.seekProvenance?.(entry)).toMatchObject({ found: false });
    writeFileSync(join(folder, "web-1.0.0.tgz.prov"), signature);
    expect(await source.seekProvenance?.(entry)).toMatchObject({ found: true });
  });
});
