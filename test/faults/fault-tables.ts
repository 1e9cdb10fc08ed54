import { markdownTable } from "../docs/generated-block.ts";
import { faultFamilies, faults, type FaultName } from "./faults.ts";
import { kindFacts, requestKinds, type RequestKind } from "./request-kinds.ts";
import type { CellResult } from "./run-cell.ts";

/** What has come of a cell, in the words of the rules. */
export function verdictOf({ code, isUnsigned }: Pick<CellResult, "code" | "isUnsigned">): string {
  return code ?? (isUnsigned ? "unsigned" : "arrives");
}

/** One table of Markdown for each family of faults: a row a request, a column a fault, or several that come to the same throughout. */
export function faultTables(results: readonly CellResult[]): { readonly family: string; readonly table: string }[] {
  return Object.entries(faultFamilies).map(([family, names]) => {
    const columns = new Map<string, { titles: string[]; cells: string[] }>();
    for (const fault of names) {
      const cells = requestKinds.map((kind) => cellText(results, { kind, fault }));
      const column = columns.get(cells.join("|")) ?? { titles: [], cells };
      column.titles.push(faults[fault].title);
      columns.set(cells.join("|"), column);
    }
    const head = ["", ...[...columns.values()].map(({ titles }) => titles.join(", "))];
    const rows = requestKinds.map((kind, row) => [kindFacts[kind].title, ...[...columns.values()].map(({ cells }) => cells[row] ?? "")]);
    return { family, table: markdownTable(head, rows) };
  });
}

function cellText(results: readonly CellResult[], { kind, fault }: { kind: RequestKind; fault: FaultName }): string {
  const own = results.filter((each) => each.kind === kind && each.fault === fault);
  const undisturbed = results.find((each) => each.kind === kind && each.fault === undefined)?.requests ?? 0;
  const texts = own.toSorted((left, right) => Number(left.lasting) - Number(right.lasting)).map((each) => shown(each, undisturbed));
  return texts.length === 0 ? "–" : [...new Set(texts)].join(" / ");
}

/** So many come of going on until `--max-wait` is over: how many just then is chance. */
const manyRequests = 20;

function shown(result: CellResult, undisturbed: number): string {
  const verdict = verdictOf(result);
  if (verdict !== "arrives" && verdict !== "unsigned") return `\`${verdict}\``;
  const more = result.requests - undisturbed;
  const counted = more > manyRequests ? " +…" : more > 0 ? ` +${more}` : "";
  return `✓${counted}${verdict === "unsigned" ? " unsigned" : ""}`;
}
