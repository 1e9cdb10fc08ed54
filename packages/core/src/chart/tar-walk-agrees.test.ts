import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

import { create, Parser } from "tar";
import { describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { walkTar } from "./tar-walk.ts";

/** Name, size and digest of every file, as this walk sees them. */
function byOurWalk(archive: Buffer): string[] {
  const found: string[] = [];
  const walk = walkTar({
    onHeader: () => undefined,
    onEntry: () => true,
    onFile: (entry, data) => found.push(`${entry.name} ${entry.size} ${digestOf(data)}`),
    onUnsupported: (name) => found.push(`${name} unsupported`),
  });
  walk.write(archive);
  expect(walk.end()).toBeUndefined();
  return found;
}

/** The same by node-tar, which knows nothing of ours. */
async function byNodeTar(archive: Buffer): Promise<string[]> {
  const found: Promise<string>[] = [];
  const parser = new Parser();
  parser.on("entry", (entry) => {
    if (entry.type === "File")
      found.push(entry.concat().then((data: Uint8Array) => `${entry.path} ${entry.size} ${digestOf(Buffer.from(data))}`));
    else entry.resume();
  });
  const ended = new Promise((done) => parser.on("end", done));
  parser.end(archive);
  await ended;
  return Promise.all(found);
}

const examples = fileURLToPath(new URL("../../../../examples/classic-repo/", import.meta.url));

describe("on archives that nobody has tampered with, the walk agrees with node-tar", () => {
  it.each(readdirSync(examples).filter((name) => name.endsWith(".tgz")))("%s", async (name) => {
    const archive = gunzipSync(readFileSync(join(examples, name)));
    const ours = byOurWalk(archive);
    expect(ours.length).toBeGreaterThan(0);
    expect(ours).toEqual(await byNodeTar(archive));
  });

  it("with long names, names of other scripts, and files of odd sizes, as node-tar packs them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "chartferry-tar-"));
    try {
      const names = [`chart/${"deep/".repeat(40)}${"n".repeat(120)}.yaml`, "chart/größe-港.txt", "chart/empty", "chart/block"];
      for (const [position, name] of names.entries()) {
        mkdirSync(join(folder, dirname(name)), { recursive: true });
        writeFileSync(join(folder, name), Buffer.alloc([700, 511, 0, 512][position] ?? 0, 120));
      }
      create({ cwd: folder, file: join(folder, "chart.tar"), sync: true }, ["chart"]);
      const archive = readFileSync(join(folder, "chart.tar"));
      const ours = byOurWalk(archive);
      expect(ours).toHaveLength(names.length);
      expect(ours).toEqual(await byNodeTar(archive));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
