import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { allCells, runCells } from "./faults/all-cells.ts";
import { expectedOutcome } from "./faults/expected-outcome.ts";
import { faultTables, verdictOf } from "./faults/fault-tables.ts";
import type { FaultName } from "./faults/faults.ts";
import { prepareSurroundings } from "./faults/prepare-surroundings.ts";
import { requestKinds } from "./faults/request-kinds.ts";
import type { Cell, CellResult } from "./faults/run-cell.ts";
import { generatedBlock } from "./docs/generated-block.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const PAGE = fileURLToPath(new URL("../docs/reliability.md", import.meta.url));
const howToUpdate = "CHARTFERRY_UPDATE_DOCS=1 npx vitest run --config test/vitest.config.ts test/fault-matrix";

const folder = makeTempDir("faults");
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
let results: CellResult[] = [];

beforeAll(async () => {
  process.on("unhandledRejection", note);
  const surroundings = await prepareSurroundings(folder);
  results = await runCells(allCells(), surroundings);
  await surroundings.stop();
}, 300_000);

afterAll(() => {
  process.off("unhandledRejection", note);
  removeTempDir(folder);
});

type Disturbed<T extends Cell> = T & { readonly fault: FaultName };

function isDisturbed<T extends Cell>(cell: T): cell is Disturbed<T> {
  return cell.fault !== undefined;
}

function label({ fault, lasting }: Disturbed<Cell>): string {
  return `${fault} ${lasting ? "always" : "once"}`;
}

function complaints(of: (result: CellResult) => boolean, tell: (result: CellResult) => unknown): string[] {
  return results
    .filter(of)
    .map((result) => `${result.kind}, ${result.fault ?? "nothing"} ${result.lasting ? "always" : "once"}: ${String(tell(result))}`);
}

describe("a migration through a fault", () => {
  it.each(requestKinds)("arrives, or fails with the code that is right, whatever befalls %s", (kind) => {
    const own = results.filter((each) => each.kind === kind).filter(isDisturbed);
    const come = Object.fromEntries(own.map((each) => [label(each), verdictOf(each)]));
    const wanted = allCells()
      .filter((each) => each.kind === kind)
      .filter(isDisturbed);
    expect(come).toEqual(Object.fromEntries(wanted.map((each) => [label(each), expectedOutcome(each)])));
  });

  it("has really met the fault", () => {
    expect(
      complaints(
        (each) => isDisturbed(each) && each.inflicted === 0,
        () => "nothing happened",
      ),
    ).toEqual([]);
  });

  it("leaves nothing wrong under a tag, no connection open, and no password at another host", () => {
    expect(
      complaints(
        ({ damage }) => damage.length > 0,
        ({ damage }) => damage.join("; "),
      ),
    ).toEqual([]);
  });

  it("costs three requests more at most where the fault passes", () => {
    const undisturbed = new Map(results.filter(({ fault }) => fault === undefined).map(({ kind, requests }) => [kind, requests]));
    const more = ({ kind, requests }: CellResult): number => requests - (undisturbed.get(kind) ?? 0);
    const isDear = (each: CellResult): boolean => !each.lasting && each.fault !== "status-404" && each.code === undefined && more(each) > 3;
    expect(complaints(isDear, more)).toEqual([]);
  });

  it("leaves no rejection unhandled", () => {
    expect(unhandled).toEqual([]);
  });

  it("comes out as docs/reliability.md says", () => {
    for (const { family, table } of faultTables(results)) {
      expect(generatedBlock(PAGE, `faults: ${family}`, table), howToUpdate).toBe(table);
    }
  });
});
