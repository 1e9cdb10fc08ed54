import { expect, it } from "vitest";

import * as engine from "./index.ts";

it("the engine gives away all that the commands build on", () => {
  expect(Object.keys(engine).toSorted()).toEqual([
    "chooseItems",
    "createCreatedFrom",
    "createEntryFilter",
    "createFilesSource",
    "createFunnel",
    "createMapping",
    "createTagClaims",
    "createWorkQueue",
    "defaultJournalPath",
    "funnelNotes",
    "isComplete",
    "mapEntry",
    "mappedFileNotes",
    "migrate",
    "parseVersionRange",
    "pullChart",
    "reportText",
    "rivalRefusal",
    "selectionFilters",
    "stateFolder",
    "versionStatuses",
    "writeReport",
  ]);
});
