import { expect, it } from "vitest";

import type { VersionRecord } from "../work-item.ts";
import { groupVersions } from "./group-versions.ts";

function record(version: string, target?: string): VersionRecord {
  const facts = { chart: "web", version, bytes: 0, attempts: 0, milliseconds: 0, notes: [{ code: "link", text: "a link" }] };
  return target === undefined ? { ...facts, status: "refused", reason: "entry-invalid" } : { ...facts, status: "pushed", target };
}

it("puts the targets of one version together, also where one of them has no record", () => {
  const records = [record("1.0.0", "a"), record("1.0.0", "b"), record("1.1.0", "a"), record("1.2.0", "b"), record(""), record("")];
  const groups = [...groupVersions(records)].map(({ version, targets, problem }) => [
    version,
    targets.map(({ target }) => target),
    problem?.reason,
  ]);
  expect(groups).toEqual([
    ["1.0.0", ["a", "b"], undefined],
    ["1.1.0", ["a"], undefined],
    ["1.2.0", ["b"], undefined],
    ["", [], "entry-invalid"],
    ["", [], "entry-invalid"],
  ]);
});

it("tells once what comes with every target", () => {
  const [version] = groupVersions([record("1.0.0", "a"), record("1.0.0", "b")]);
  expect(version?.warnings).toEqual([{ code: "link", text: "a link", hint: expect.any(String) }]);
});
