import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { bytesContent } from "../content.ts";
import { connectLayout } from "./connect-layout.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "chartferry-connect-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const connect = { end: "target", environment: {}, readOnly: true } as const;

describe("a layout that is only looked at", () => {
  it("is empty where there is no folder, and none is made", async () => {
    const registry = join(folder(), "none");
    const connection = await connectLayout({ ...connect, registry });
    const store = await connection.openStore("charts/web");
    expect([await listed(store.tags()), await listed(connection.repositories("")), await store.fetchManifest("1.0.0")]).toEqual([
      [],
      [],
      undefined,
    ]);
    await connection.close();
    expect(existsSync(registry)).toBe(false);
  });

  it("takes no lock and lets nothing be written", async () => {
    const registry = folder();
    const owner = await connectLayout({ ...connect, registry, readOnly: false });
    const looking = await connectLayout({ ...connect, registry });
    const store = await looking.openStore("web");
    await expect(store.putBlob(bytesContent(Buffer.from("x")))).rejects.toMatchObject({ code: "read-only" });
    await looking.close();
    await owner.close();
  });

  it("as a source must be there", async () => {
    await expect(connectLayout({ end: "source", environment: {}, registry: join(folder(), "none") })).rejects.toMatchObject({
      code: "file-missing",
    });
  });
});
