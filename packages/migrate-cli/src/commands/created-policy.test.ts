import { cpSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { runProgram } from "../run-program.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;
const chart = "harbour-web-1.3.0.tgz";

/** `created` of harbour-web 1.3.0 after a run with these words, from the report. */
async function createdBy(words: readonly string[], environment: Record<string, string> = {}): Promise<unknown> {
  const terminal = createFakeTerminal({ XDG_STATE_HOME: temporaryFolder(), HOME: "/nonexistent", ...environment });
  expect(await runProgram([...words, "--output", "json"], terminal)).toBe(0);
  const { versions } = JSON.parse(terminal.stdout());
  return versions.find(({ chart: name, version }: { chart: string; version: string }) => name === "harbour-web" && version === "1.3.0")
    ?.created;
}

const layout = (): string => `oci-layout:${temporaryFolder()}`;

/** The examples, with a known time on one file. */
function datedFolder(): string {
  const folder = temporaryFolder();
  cpSync(examples, folder, { recursive: true });
  utimesSync(join(folder, chart), 1_700_000_000, 1_700_000_000);
  return folder;
}

describe("created", () => {
  it("is the index's, else what the user says, in the documented order", async () => {
    const folder = datedFolder();
    const migrate = (): string[] => ["migrate", folder, layout()];
    expect(await createdBy(migrate())).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await createdBy([...migrate(), "--helm-compatible"])).toBe("2023-11-14T22:13:20Z");
    expect(await createdBy([...migrate(), "--helm-compatible"], { SOURCE_DATE_EPOCH: "86400" })).toBe("1970-01-02T00:00:00Z");
    const explicit = ["--created", "2001-02-03T04:05:06+01:00"];
    expect(await createdBy([...migrate(), ...explicit], { SOURCE_DATE_EPOCH: "86400" })).toBe("2001-02-03T03:05:06Z");
  });

  it("is the file's own time for push and publish under --helm-compatible", async () => {
    const folder = datedFolder();
    expect(await createdBy(["push", join(folder, chart), layout(), "--helm-compatible"])).toBe("2023-11-14T22:13:20Z");
    expect(await createdBy(["publish", join(folder, chart), "--to", layout(), "--helm-compatible"])).toBe("2023-11-14T22:13:20Z");
  });
});
