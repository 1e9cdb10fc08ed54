import { readdirSync } from "node:fs";

import { expect, it, vi } from "vitest";

import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { journalIn, run } from "./testing/run-migrate.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

vi.mock(import("./spool/spool.ts"), async (original) => {
  const real = await original();
  return {
    createSpool: (options) => ({ ...real.createSpool(options), close: () => Promise.reject(new Error("the spool cannot be closed")) }),
  };
});

it("gives its journal back at the end also where something else cannot be closed", async () => {
  const folder = temporaryFolder();
  const running = run(createFakeSource(["web 1.0.0"]), [createFakeTarget()], { journalPath: journalIn(folder) });
  await expect(running).rejects.toThrow("the spool cannot be closed");
  expect(readdirSync(folder)).toEqual(["journal.jsonl"]);
});
