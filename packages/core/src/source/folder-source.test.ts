import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";

import { buildSmallChart } from "../chart/testing/build-archive.ts";
import { digestOf } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { createClassicSource } from "./classic-source.ts";
import { checkChartFile, openChartFile } from "./file-source.ts";
import { unreadable } from "./folder-file.ts";
import { applyProvenancePolicy } from "./provenance-policy.ts";
import { entryOf, failureOf, indexOf, itemsOf, serve, signature, web, webDigest } from "./testing/classic-repository.ts";

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "chartferry-test-"));
  folder = join(root, "charts");
  await mkdir(folder);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

describe("a folder with an index", () => {
  it("is read by path, by file:// and by the index's own path, its files and provenance with it", async () => {
    await write({ "index.yaml": indexOf(["sub/web-1.0.0.tgz"]), "sub/web-1.0.0.tgz": web, "sub/web-1.0.0.tgz.prov": signature });
    for (const location of [folder, pathToFileURL(folder).href, join(folder, "index.yaml")]) {
      const source = createClassicSource({ location });
      expect(source.id).toBe(pathToFileURL(folder).href);
      const chart = await source.open(await entryOf(source));
      expect(chart).toMatchObject({
        layer: { digest: webDigest },
        provenance: { digest: digestOf(signature) },
        created: "2024-05-06T07:08:09Z",
      });
    }
  });

  it("gives the file it holds, whatever address its index was made for", async () => {
    await write({ "index.yaml": indexOf(["https://charts.example/x/web-1.0.0.tgz"]), "web-1.0.0.tgz": web });
    const source = createClassicSource({ location: folder });
    expect(await source.open(await entryOf(source))).toMatchObject({ layer: { digest: webDigest }, notes: [] });
  });

  it("says so when the file is neither here nor reachable", async () => {
    await write({ "index.yaml": indexOf(["web-1.0.0.tgz"]) });
    const source = createClassicSource({ location: folder });
    expect(await failureOf(source.open(await entryOf(source)))).toMatchObject({
      code: "source-missing",
      repository: "web",
      version: "1.0.0",
    });
  });

  it.each([
    [401, { code: "unauthenticated", retryable: false }],
    [403, { code: "denied", retryable: false, hint: expect.stringContaining("may read") }],
    [404, { code: "source-missing", retryable: false, hint: expect.stringContaining("does not hold") }],
    [500, { code: "unavailable", retryable: true, hint: expect.stringContaining("Run again") }],
  ])("tells what the address in its index answers (%i), not that the file is not beside it", async (status, failure) => {
    const server = await serve({ "/web-1.0.0.tgz": status });
    onTestFinished(async () => server.close());
    await write({ "index.yaml": indexOf([`${server.origin.href}web-1.0.0.tgz`]) });
    const http = createHttpClient({ origin: server.origin, clock: manualClock(), random: () => 0 });
    const source = createClassicSource({ location: folder, http });
    const error = await failureOf(source.open(await entryOf(source)));
    expect(error).toMatchObject({ ...failure, status, registry: server.origin.host, repository: "web", version: "1.0.0" });
  });

  it("tells why the registry in its index does not give the chart, with what to do about it", async () => {
    const hint = "docker-credential-none is not there: install it";
    const openRegistry = async (): Promise<never> =>
      Promise.reject(new ChartferryError("no helper", { code: "credentials-unavailable", operation: "sign in", hint }));
    await write({ "index.yaml": indexOf(["oci://registry.example/team/web:1.0.0", "oci://mirror.example/web"]) });
    const source = createClassicSource({ location: folder, openRegistry });
    expect(await failureOf(source.open(await entryOf(source)))).toMatchObject({ code: "credentials-unavailable", hint });
  });

  it("tells of a dead host first, and that the file is not here either", async () => {
    const server = await serve({});
    await server.close();
    await write({ "index.yaml": indexOf([`${server.origin.href}web-1.0.0.tgz`]) });
    const http = createHttpClient({ origin: server.origin, clock: manualClock(), random: () => 0 });
    const source = createClassicSource({ location: folder, http });
    const error = await failureOf(source.open(await entryOf(source)));
    expect(error).toMatchObject({ code: "connection-refused", registry: server.origin.host });
  });

  it("is never a way to other files: no parent paths, no absolute ones, no links out", async () => {
    await writeFile(join(root, "secret.tgz"), web);
    await symlink(join(root, "secret.tgz"), join(folder, "link.tgz"));
    await symlink(root, join(folder, "up"));
    for (const url of ["../secret.tgz", `file://${root}/secret.tgz`, "link.tgz", "up/secret.tgz", "sub/%2e%2e/%2e%2e/secret.tgz"]) {
      await write({ "index.yaml": indexOf([url]) });
      const source = createClassicSource({ location: folder });
      const error = await failureOf(source.open(await entryOf(source)));
      expect(error, url).toMatchObject({ code: "entry-invalid" });
      expect(error.message, url).toContain("outside the folder");
      const isLink = url.startsWith("link") || url.startsWith("up");
      expect(error.message.includes(`leads by a link to ${join(root, "secret.tgz")}`), url).toBe(isLink);
      expect(error.hint, url).toContain(isLink ? "in the place of the link" : "correct the url");
    }
  });

  it("takes the file's own time where Helm's way is asked for", async () => {
    await write({ "index.yaml": indexOf(["web-1.0.0.tgz"]), "web-1.0.0.tgz": web });
    await utimes(join(folder, "web-1.0.0.tgz"), 1_000_000_000, 1_000_000_000);
    const source = createClassicSource({ location: folder, created: { helmCompatible: true } });
    expect(await source.open(await entryOf(source))).toMatchObject({ created: "2001-09-09T01:46:40Z" });
  });

  it("that is cut is refused before anything is taken from it", async () => {
    await write({ "index.yaml": indexOf(["web-1.0.0.tgz"]).slice(0, -60) });
    expect(await failureOf(itemsOf(createClassicSource({ location: folder })))).toMatchObject({ code: "index-truncated" });
  });
});

describe("a folder without index", () => {
  it("gives every archive in it and one level down, with what the archive says, and reports the others", async () => {
    const api = buildSmallChart({ name: "api", version: "2.0.0+b" });
    await write({
      "z.tgz": web,
      "sub/a.tgz": api,
      "sub/deeper/b.tgz": api,
      "bad.tgz": "text",
      "sub/again.tgz": web,
      "notes.txt": "x",
      "z.tgz.prov": signature,
    });
    const source = createClassicSource({ location: folder });
    const items = await itemsOf(source);
    const entries = items.flatMap((item) => (item.kind === "entry" ? [item.entry] : []));
    expect(entries.map(({ chart, version, digest }) => [chart, version, digest])).toEqual([
      ["web", "1.0.0", webDigest],
      ["api", "2.0.0+b", digestOf(api)],
    ]);
    expect(items.flatMap((item) => (item.kind === "problem" ? [[item.problem.chart, item.problem.error.code]] : []))).toEqual([
      ["bad.tgz", "archive-invalid"],
    ]);
    expect(source.notes?.()).toEqual([{ code: "same-file", text: "sub/again.tgz has the same bytes as z.tgz: it is taken once" }]);
    const [first] = entries;
    if (first === undefined) throw new Error("no entry");
    // The archive's tar header says 2020-01-01.
    expect(await source.open(first)).toMatchObject({ created: "2020-01-01T00:00:00Z", provenance: { digest: digestOf(signature) } });
  });

  it("reports another file of the same name and version", async () => {
    await write({ "a.tgz": web, "b.tgz": Buffer.concat([web, Buffer.alloc(1)]) });
    const source = createClassicSource({ location: folder });
    const items = await itemsOf(source);
    expect(items.map((item) => (item.kind === "problem" ? item.problem.error.message : item.entry.digest))).toEqual([
      webDigest,
      "b.tgz is web 1.0.0 once more: the first file is used",
    ]);
    expect(source.notes?.()).toEqual([]);
  });

  it("without an archive is the wrong one", async () => {
    await write({ "README.md": "no charts here" });
    expect(await failureOf(itemsOf(createClassicSource({ location: folder })))).toMatchObject({
      code: "index-missing",
      message: expect.stringContaining("neither an index.yaml nor a chart archive"),
    });
  });

  it("must exist, and an index that was named must too", async () => {
    expect(await failureOf(itemsOf(createClassicSource({ location: join(root, "nowhere") })))).toMatchObject({ code: "file-missing" });
    expect(await failureOf(itemsOf(createClassicSource({ location: join(folder, "index.yaml") })))).toMatchObject({
      code: "index-missing",
    });
  });
});

describe("a chart file", () => {
  it("comes with the provenance beside it", async () => {
    await write({ "any-name.tgz": web, "any-name.tgz.prov": signature });
    const chart = await openChartFile(join(folder, "any-name.tgz"));
    expect(chart).toMatchObject({ metadata: { name: "web" }, layer: { digest: webDigest }, provenance: { digest: digestOf(signature) } });
  });

  it.each([
    ["none.tgz", "file-missing", "no such file"],
    [".", "usage", "is a folder"],
    ["text.tgz", "archive-invalid", "plain text"],
  ])("%s is refused as %s", async (name, code, text) => {
    await write({ "text.tgz": "no chart" });
    const error = await failureOf(openChartFile(join(folder, name)));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });

  it.each([
    ["an empty text", "", "file-missing", "named by an empty text", "variable"],
    ["a name that is too long", `/${"x".repeat(300)}.tgz`, "file-unreadable", "cannot be read: ENAMETOOLONG", "other programs"],
  ])("that is not there or cannot be read is told with what to look at: %s", async (...[, path, code, message, hint]) => {
    const error = await failureOf(checkChartFile(path));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message), hint: expect.stringContaining(hint) });
  });

  it("with a .prov that this process may not read is told so, and not to wait", async () => {
    const error = unreadable("web.tgz.prov", Object.assign(new Error("no"), { code: "EACCES" }));
    const apply = (): unknown => applyProvenancePolicy({ kind: "failed", error }, "auto", "web.tgz.prov");
    expect(apply).toThrow(
      expect.objectContaining({ code: "provenance-unavailable", hint: expect.stringMatching(/^Check its owner.*--provenance skip/) }),
    );
    expect(apply).not.toThrow(expect.objectContaining({ hint: expect.stringContaining("later") }));
  });

  it("with a folder in the place of its .prov is taken as unsigned, which is noted, from an index and by itself; require misses it", async () => {
    await write({ "index.yaml": indexOf(["web.tgz"]), "web.tgz": web, "web.tgz.prov/inner": "x" });
    const note = { code: "provenance-doubtful", text: expect.stringMatching(/^taken as unsigned: .*web\.tgz\.prov is a folder$/) };
    const source = createClassicSource({ location: folder });
    const entry = await entryOf(source);
    expect(await source.open(entry)).toMatchObject({ kind: "assemble", notes: [note] });
    expect(await source.seekProvenance?.(entry)).toMatchObject({ found: false, notes: [note] });
    const path = join(folder, "web.tgz");
    expect(await openChartFile(path)).toMatchObject({ kind: "assemble", notes: [note] });
    expect(await failureOf(openChartFile(path, { provenance: "require" }))).toMatchObject({ code: "provenance-missing" });
  });

  it("with something else as its .prov fails rather than losing a signature", async () => {
    await write({ "web.tgz": web, "web.tgz.prov": "no signature" });
    expect(await failureOf(openChartFile(join(folder, "web.tgz")))).toMatchObject({ code: "provenance-unavailable" });
    await expect(openChartFile(join(folder, "web.tgz"), { provenance: "skip" })).resolves.toMatchObject({ kind: "assemble" });
  });
});
