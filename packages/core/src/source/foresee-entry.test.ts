import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { describe, expect, it, onTestFinished } from "vitest";

import { ChartferryError } from "../errors.ts";
import type { Foresight, SourceEntry } from "./chart-source.ts";
import type { ClassicSource, ClassicSourceOptions } from "./classic-source.ts";
import { createClassicSource } from "./classic-source.ts";
import { entryOf, indexOf, serve, served, sourceAt, web } from "./testing/classic-repository.ts";

/** The address of a server that is no more. */
async function deadOrigin(): Promise<string> {
  const server = await serve({});
  await server.close();
  return server.origin.origin;
}

async function foreseen(source: ClassicSource, entry?: SourceEntry): Promise<Foresight> {
  return (await source.foresee?.(entry ?? (await entryOf(source)))) ?? { notes: [] };
}

async function sourceOf(
  urls: readonly string[],
  fields: Record<string, string> = {},
  options: Partial<ClassicSourceOptions> = {},
): Promise<ClassicSource> {
  const server = await served({ "/index.yaml": indexOf(urls, fields) });
  return sourceAt(server.origin, options);
}

const goneRegistry = (): Promise<never> =>
  Promise.reject(new ChartferryError("refused", { code: "connection-refused", operation: "open registry" }));

describe("what is foreseen of an entry", () => {
  it("is nothing where the index's own server has the file; that one is not asked", async () => {
    const server = await served({ "/index.yaml": indexOf(["web-1.0.0.tgz"]) });
    expect(await foreseen(sourceAt(server.origin))).toEqual({ notes: [] });
    expect(server.requests.map(({ url }) => url)).toEqual(["/index.yaml"]);
  });

  it("is a host that is gone: the file beside the index will be taken instead", async () => {
    const { notes, fault } = await foreseen(await sourceOf([`${await deadOrigin()}/web-1.0.0.tgz`]));
    expect(fault).toBeUndefined();
    expect(notes).toEqual([
      { code: "host-gone", text: expect.stringContaining("connection-refused"), hint: expect.stringContaining("--url-rewrite") },
    ]);
  });

  it("is nothing more once a host has answered, whatever it answers to one HEAD", async () => {
    const other = await served({ "/web-1.0.0.tgz": 404 });
    const source = await sourceOf([`${other.origin.origin}/web-1.0.0.tgz`]);
    const entry = await entryOf(source);
    for (let round = 0; round < 3; round++) expect(await foreseen(source, { ...entry, version: `1.0.${round}` })).toEqual({ notes: [] });
    expect(other.requests.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  it("tells of the first of two hosts, where the second lives", async () => {
    const other = await served({});
    const { notes } = await foreseen(await sourceOf([`${await deadOrigin()}/a.tgz`, `${other.origin.origin}/a.tgz`]));
    expect(notes.map(({ code }) => code)).toEqual(["host-gone"]);
  });

  it("is a fault where there is no digest, unless that is accepted", async () => {
    const entry = { digest: "" };
    expect((await foreseen(await sourceOf(["web-1.0.0.tgz"], entry))).fault).toMatchObject({ code: "digest-missing" });
    expect(await foreseen(await sourceOf(["web-1.0.0.tgz"], entry, { allowMissingDigest: true }))).toEqual({ notes: [] });
  });

  it("is a fault where the only place is a registry that is gone, and no digest speaks for another file", async () => {
    const gone = await foreseen(await sourceOf(["oci://gone.test/charts/web:1.0.0"], { digest: "" }, { openRegistry: goneRegistry }));
    expect([gone.fault?.code, gone.notes.map(({ code }) => code)]).toEqual(["connection-refused", ["host-gone"]]);
  });
});

function folderSource(urls: readonly string[], files: readonly string[], options: Partial<ClassicSourceOptions> = {}): ClassicSource {
  const directory = mkdtempSync(join(tmpdir(), "chartferry-foresee-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "index.yaml"), indexOf(urls));
  for (const file of files) writeFileSync(join(directory, file), web);
  return createClassicSource({ location: pathToFileURL(directory).href, ...options });
}

describe("what is foreseen in a folder", () => {
  it("is nothing where the file lies beside the index, whatever host the index names", async () => {
    expect(await foreseen(folderSource(["https://gone.invalid/web-1.0.0.tgz"], ["web-1.0.0.tgz"]))).toEqual({ notes: [] });
  });

  it("is a fault where the file is not there", async () => {
    expect((await foreseen(folderSource(["web-1.0.0.tgz"], []))).fault).toMatchObject({ code: "source-missing" });
  });

  it("is the fault of the place that the index names, not of the file that is not beside it", async () => {
    const source = folderSource(["oci://registry.example/web:1.0.0"], [], { openRegistry: goneRegistry });
    expect((await foreseen(source)).fault).toMatchObject({ code: "connection-refused" });
  });
});
