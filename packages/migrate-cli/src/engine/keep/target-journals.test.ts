import { readdirSync } from "node:fs";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget } from "../testing/fake-target.ts";
import { allowFileCalls, refuseFileCall } from "../testing/refuse-file-call.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { closeJournals, openTargetJournals } from "./target-journals.ts";

afterEach(allowFileCalls);

it("gives the other journals back when one cannot be closed", async () => {
  const folder = temporaryFolder();
  const targets = ["first", "second"].map((id) => ({ id, connection: createFakeTarget().connection, namespace: "charts" }));
  const options = { source: createFakeSource([]), targets, journalPath: ({ id }: { id: string }) => join(folder, id) };
  const journals = await openTargetJournals(options, { mapping: "" });
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(["first.lock", "second.lock"]));
  refuseFileCall("rm", "EIO", "first.lock");
  await expect(closeJournals(journals)).rejects.toMatchObject({ code: "EIO" });
  expect(readdirSync(folder)).toEqual(["first.lock"]);
});
