import { expect, it, vi } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { openEnds } from "./open-ends.ts";
import { closeTargets, openTargets } from "./open-targets.ts";

vi.mock(import("./open-source.ts"), async (original) => ({
  ...(await original()),
  async openSource(...given) {
    const opened = await (await original()).openSource(...given);
    return { ...opened, source: { ...opened.source, close: () => Promise.reject(new Error("the source cannot be closed")) } };
  },
}));

const flags = { maxWait: 1000, provenance: "auto", prerelease: "include", vPrefix: "keep" } as const;
const target = (): string => `oci-layout:${temporaryFolder()}`;

it("gives the targets back at the end also where the source cannot be closed", async () => {
  const places = { source: "http://127.0.0.1:9/charts", targets: [target(), target()], flags };
  const ends = await openEnds(places, createFakeTerminal());
  await expect(ends.close()).rejects.toThrow("the source cannot be closed");
  await closeTargets(await openTargets(places.targets, { flags }, createFakeTerminal()));
});

it("waits for all targets to be closed when one of them cannot be", async () => {
  const targets = await openTargets([target(), target()], { flags }, createFakeTerminal());
  const [first, second] = targets.map(({ connection }) => connection);
  const closeSecond = second?.close.bind(second);
  let closed = false;
  Object.assign(first ?? {}, { close: () => Promise.reject(new Error("the first cannot be closed")) });
  Object.assign(second ?? {}, { close: () => closeSecond?.().then(() => (closed = true)) });
  await expect(closeTargets(targets)).rejects.toThrow("the first cannot be closed");
  expect(closed).toBe(true);
});
