import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { describe, expect, it, vi } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import { openSource } from "./open-source.ts";

vi.mock("./connect-registry.ts", () => ({ connectRegistry: vi.fn(() => Promise.reject(new Error("not in this test"))) }));

const index = `apiVersion: v1
entries:
  web:
    - name: web
      version: 1.0.0
      digest: ${"0".repeat(64)}
      urls: ["oci://registry.test/charts/web:1.0.0"]
`;

/** What a registry was asked to be connected with, after opening everything that the index at this place names. */
async function connectedWith(location: string): Promise<unknown> {
  vi.mocked(connectRegistry).mockClear();
  const { source } = await openSource(location, { maxWait: 7000, provenance: "skip" }, createFakeTerminal());
  for await (const item of source.versions({})) {
    if (item.kind === "entry") await expect(source.open(item.entry, {})).rejects.toThrow();
  }
  await source.close();
  return vi.mocked(connectRegistry).mock.calls[0]?.[0];
}

describe("a registry that an index names", () => {
  it("is connected to as named by the index's server, and for no longer a wait than the user allows", async () => {
    const server = createServer((_, answer) => answer.end(index)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const origin = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
    const options = await connectedWith(`${origin}/charts/index.yaml`);
    server.close();
    expect(options).toMatchObject({ end: "source", registry: "registry.test", maxWaitMs: 7000, namedBy: new URL(origin) });
    expect(options).toMatchObject({ signInOptions: "--source-registry-config" });
  });

  it("is the user's own word where the index lies in a folder", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "index.yaml"), index);
    expect(await connectedWith(folder)).toMatchObject({ registry: "registry.test", maxWaitMs: 7000, namedBy: undefined });
  });
});
