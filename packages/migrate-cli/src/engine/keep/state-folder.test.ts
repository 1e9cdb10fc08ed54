import { describe, expect, it } from "vitest";

import { defaultJournalPath, stateFolder } from "./state-folder.ts";

const path = (source: string, target: string): string => defaultJournalPath({ source, target }, { XDG_STATE_HOME: "/state" });

describe("stateFolder", () => {
  it.each([
    ["linux", {}, "/home/me/.local/state/chartferry"],
    ["linux", { XDG_STATE_HOME: "/state" }, "/state/chartferry"],
    ["linux", { XDG_STATE_HOME: "relative" }, "/home/me/.local/state/chartferry"],
    ["darwin", {}, "/home/me/Library/Application Support/chartferry"],
    ["win32", { LOCALAPPDATA: "/local" }, "/local/chartferry"],
  ] as const)("on %s with %j is %s", (platform, environment, expected) => {
    expect(stateFolder(environment, { platform, home: "/home/me" })).toBe(expected);
  });
});

describe("defaultJournalPath", () => {
  it("differs by source and target, and is a plain file name whatever they hold", () => {
    expect(path("https://a", "oci://h/ns")).toMatch(/^\/state\/chartferry\/journals\/h-ns-[0-9a-f]{16}\.jsonl$/);
    expect(path("https://a", "oci://h/ns")).not.toBe(path("https://b", "oci://h/ns"));
    expect(path("https://a", "oci-layout:../../etc")).toMatch(/^\/state\/chartferry\/journals\/[A-Za-z0-9.-]+\.jsonl$/);
  });
});
