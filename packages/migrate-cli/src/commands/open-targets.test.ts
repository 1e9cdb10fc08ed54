import { once } from "node:events";
import { createServer } from "node:http";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { closeTargets, openTargets } from "./open-targets.ts";

const dead = ["oci://one.invalid/charts", "oci://two.invalid/charts"];
const maxWait = 1000;

describe("openTargets", () => {
  it("refuses --plain-http for several registries before any of them is asked", async () => {
    const opening = openTargets(dead, { flags: { maxWait, plainHttp: true } }, createFakeTerminal());
    await expect(opening).rejects.toMatchObject({
      code: "usage",
      message: "--plain-http cannot serve several registries",
      hint: "addresses of this machine fall back to http by themselves; otherwise run once for each target",
    });
  });

  it("refuses --insecure-skip-tls-verify for several registries", async () => {
    const opening = openTargets(dead, { flags: { maxWait, insecureSkipTlsVerify: true } }, createFakeTerminal());
    await expect(opening).rejects.toMatchObject({
      code: "usage",
      message: "--insecure-skip-tls-verify cannot serve several registries",
      hint: "name its authority with --ca-file, or run once for each target",
    });
  });

  it("takes both for folders, and for one registry beside them", async () => {
    const registry = createServer((_, answer) => answer.end("{}")).listen(0, "127.0.0.1");
    await once(registry, "listening");
    const address = registry.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const targets = [`oci-layout:${temporaryFolder()}`, `oci-layout:${temporaryFolder()}`, `oci://127.0.0.1:${port}/charts`];
    const flags = { maxWait, plainHttp: true, insecureSkipTlsVerify: true };
    const opened = await openTargets(targets, { flags }, createFakeTerminal());
    expect(opened.map(({ id }) => id)).toEqual(targets);
    await closeTargets(opened);
    registry.close();
  });
});
