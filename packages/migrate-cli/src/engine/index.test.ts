import { expect, it } from "vitest";

import * as engine from "./index.ts";

it("the engine gives away all that the commands build on", () => {
  expect(Object.keys(engine).toSorted()).toEqual([
    "createFilesSource",
    "createWorkQueue",
    "defaultJournalPath",
    "isComplete",
    "migrate",
    "parseVersionRange",
    "pullChart",
    "reportText",
    "selectEntries",
    "stateFolder",
    "versionStatuses",
    "writeReport",
  ]);
});
