import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { blobPath } from "./blob-files.ts";
import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree, type LayoutTree } from "./layout-tree.ts";
import { scrubLayout } from "./scrub-layout.ts";
import { privateFolder } from "./tree-lock.ts";
import { chartOf, leaveAsDead, listed, makeFolder, pushChart, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let live: LayoutTree;
beforeEach(async () => {
  folder = await makeFolder();
  live = await openLayoutTree(join(folder.path, "live"), { clock: stillClock() });
});
afterEach(async () => {
  await live.close();
  await folder.remove();
});

const corpse = (name: string): Promise<string> => leaveAsDead(live, join(folder.path, name));

async function tagsAfterRestart(path: string): Promise<string[]> {
  const tree = await openLayoutTree(path);
  const tags = await listed((await openLayoutStore(tree, "web")).tags());
  await tree.close();
  expect((await scrubLayout(path)).damage).toEqual([]);
  expect((await readdir(join(path, "web"))).filter((name) => name.startsWith("."))).toEqual([]);
  return tags;
}

async function logOf(path: string): Promise<string> {
  const name = (await readdir(join(path, "web"))).find((file) => file.startsWith(".chartferry-log"));
  return join(path, "web", name ?? "no log");
}

describe("a layout whose owner died", () => {
  it("shows every acknowledged tag, though index.json was never written again", async () => {
    const store = await openLayoutStore(live, "web");
    for (const tag of ["1.0.0", "1.1.0", "1.2.0"]) await pushChart(store, tag);
    await store.deleteManifest("1.1.0");
    expect(await readFile(join(live.directory, "web/index.json"), "utf8")).not.toContain("1.0.0");
    expect(await tagsAfterRestart(await corpse("dead"))).toEqual(["1.0.0", "1.2.0"]);
  });

  it("keeps what was deleted after index.json was written deleted", async () => {
    const store = await openLayoutStore(live, "web");
    for (const tag of ["1.0.0", "1.1.0"]) await pushChart(store, tag);
    await (await live.openRepository("web")).journal?.fold();
    await store.deleteManifest("1.1.0");
    expect(await readFile(join(live.directory, "web/index.json"), "utf8")).toContain("1.1.0");
    expect(await tagsAfterRestart(await corpse("dead"))).toEqual(["1.0.0"]);
  });

  it("ignores a torn last line", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "1.0.0");
    const path = await corpse("dead");
    const text = await readFile(await logOf(path), "utf8");
    await writeFile(await logOf(path), text + text.slice(text.indexOf("\n") + 1, -20));
    expect(await tagsAfterRestart(path)).toEqual(["1.0.0"]);
  });

  it("takes changes once when it died between the new index.json and the removal of the log", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "1.0.0");
    await pushChart(store, "1.1.0");
    await store.deleteManifest("1.1.0");
    const before = await corpse("before");
    await (await live.openRepository("web")).journal?.fold();
    await cp(join(live.directory, "web/index.json"), join(before, "web/index.json"));
    expect(await tagsAfterRestart(before)).toEqual(["1.0.0"]);
  });

  it("goes on with the second log when it died before the new index.json got its name", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "1.0.0");
    const old = await corpse("old");
    await (await live.openRepository("web")).journal?.fold();
    await pushChart(store, "2.0.0");
    await store.deleteManifest("1.0.0");
    const late = await corpse("late");
    await cp(await logOf(old), await logOf(old).then((path) => path.replace("/old/", "/late/")));
    await cp(join(old, "web/index.json"), join(late, "web/index.json"));
    expect(await tagsAfterRestart(late)).toEqual(["2.0.0"]);
  });

  it("adds what another tool's index.json does not contradict, and removes nothing from it", async () => {
    const store = await openLayoutStore(live, "web");
    const [first, second] = [await pushChart(store, "1.0.0"), await pushChart(store, "2.0.0")];
    const path = await corpse("dead");
    const entry = (chart: typeof first, tag: string): object => ({
      mediaType: chart.manifest.mediaType,
      digest: chart.manifest.digest,
      size: chart.manifest.bytes.byteLength,
      annotations: { "org.opencontainers.image.ref.name": tag },
    });
    const manifests = [entry(second, "1.0.0"), entry(second, "theirs")];
    await writeFile(join(path, "web/index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    const tree = await openLayoutTree(path);
    const reopened = await openLayoutStore(tree, "web");
    expect(await listed(reopened.tags())).toEqual(["1.0.0", "2.0.0", "theirs"]);
    expect((await reopened.resolve("1.0.0"))?.digest).toBe(second.manifest.digest);
    await tree.close();
  });

  it("does not show a tag whose bytes a power cut took", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "1.0.0");
    const lost = await pushChart(store, "1.1.0");
    const path = await corpse("dead");
    await rm(blobPath(join(path, "web"), lost.layer.digest));
    expect(await tagsAfterRestart(path)).toEqual(["1.0.0"]);
  });

  it("drops unfinished files at the next start", async () => {
    await pushChart(await openLayoutStore(live, "web"), "1.0.0");
    const path = await corpse("dead");
    await mkdir(join(path, privateFolder, "uploads"), { recursive: true });
    await writeFile(join(path, privateFolder, "uploads/.chartferry-tmp-1"), "half a blob");
    expect(await tagsAfterRestart(path)).toEqual(["1.0.0"]);
    expect(await readdir(join(path, privateFolder, "uploads"))).toEqual([]);
  });

  it("drops what an interrupted write of index.json left beside it, and nothing else", async () => {
    await pushChart(await openLayoutStore(live, "web"), "1.0.0");
    const path = await corpse("dead");
    await writeFile(join(path, "web/.chartferry-tmp-index.json-1"), "half an index");
    await writeFile(join(path, "web/notes"), "somebody's");
    const reader = await openLayoutTree(path, { readOnly: true });
    await reader.openRepository("web");
    expect(await readdir(join(path, "web"))).toContain(".chartferry-tmp-index.json-1");
    expect(await tagsAfterRestart(path)).toEqual(["1.0.0"]);
    expect(await readdir(join(path, "web"))).toContain("notes");
  });

  it("comes back as empty when it died while the repository was made", async () => {
    await mkdir(join(folder.path, "dead/web/blobs/sha256"), { recursive: true });
    await writeFile(join(folder.path, "dead/web/oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    expect(await tagsAfterRestart(join(folder.path, "dead"))).toEqual([]);
  });

  it("tells the caller when the log cannot be written, and neither shows nor keeps the tag", async () => {
    const store = await openLayoutStore(live, "web");
    const chart = chartOf("1.0.0");
    await store.putBlob(chart.config);
    await store.putBlob(chart.layer);
    await rename(join(live.directory, "web"), join(live.directory, "gone"));
    await mkdir(join(live.directory, "web"));
    await expect(store.putManifest("1.0.0", chart.manifest)).rejects.toThrow();
    await rm(join(live.directory, "web"), { recursive: true });
    await rename(join(live.directory, "gone"), join(live.directory, "web"));
    expect(await store.resolve("1.0.0")).toBeUndefined();
    await store.putManifest("1.0.0", chart.manifest);
    expect(await tagsAfterRestart(await corpse("dead"))).toEqual(["1.0.0"]);
  });
});
