import { expect, it } from "vitest";

import * as engine from "./index.ts";

it("the engine gives away all that the commands build on", () => {
  expect(Object.keys(engine).toSorted()).toEqual([
    "auditStates",
    "chooseItems",
    "createCreatedFrom",
    "createEntryFilter",
    "createFilesSource",
    "createFunnel",
    "createMapping",
    "createTagClaims",
    "createWorkQueue",
    "decisions",
    "defaultJournalPath",
    "documentText",
    "funnelNotes",
    "hasNothingToDo",
    "isBlind",
    "isComplete",
    "isWhole",
    "mapEntry",
    "mappedFileNotes",
    "migrate",
    "parseVersionRange",
    "plan",
    "pullChart",
    "reportText",
    "rivalRefusal",
    "selectionFilters",
    "stateFolder",
    "verdict",
    "verify",
    "versionStatuses",
    "writeDocument",
    "writeReport",
  ]);
});
