import { ChartferryError } from "@chartferry/core";
import { expect, it } from "vitest";

import { createFailureLog } from "./failure-log.ts";

function diskFull(path: string): ChartferryError {
  return new ChartferryError(`no space is left at ${path} (ENOSPC)`, { code: "disk-full", operation: "write blob" });
}

it("tells a cause once in a while, with how often it came meanwhile, and another cause at once", () => {
  let now = 0;
  const lines: string[] = [];
  const log = createFailureLog((text) => lines.push(text), { now: () => now });
  for (let upload = 0; upload < 50; upload++) log.report(diskFull(`/data/${upload}`));
  log.report(new Error("another\u001b[2J"));
  expect(lines).toEqual(["failure: no space is left at /data/0 (ENOSPC)\n", "failure: another\n"]);
  now += 31_000;
  log.report(diskFull("/data/50"));
  expect(lines.slice(2)).toEqual([
    "failure: 49 more like this: no space is left at /data/0 (ENOSPC)\n",
    "failure: no space is left at /data/50 (ENOSPC)\n",
  ]);
  log.report(diskFull("/data/51"));
  log.end();
  log.end();
  expect(lines.slice(4)).toEqual(["failure: 1 more like this: no space is left at /data/50 (ENOSPC)\n"]);
});

it("remembers a bounded number of causes", () => {
  const lines: string[] = [];
  const log = createFailureLog((text) => lines.push(text), { now: () => 0 });
  for (let cause = 0; cause < 101; cause++) log.report(new Error(`cause ${cause}`));
  log.report(new Error("cause 0"));
  log.report(new Error("cause 100"));
  expect(lines.filter((line) => line === "failure: cause 0\n")).toHaveLength(2);
  expect(lines.filter((line) => line === "failure: cause 100\n")).toHaveLength(1);
});
