import { faults, type Fault, type FaultName } from "./faults.ts";
import { requestKinds } from "./request-kinds.ts";
import { type Cell, type CellResult, isSilent, runCell, type Surroundings } from "./run-cell.ts";

/** Every request with every fault that can befall it; and each request with none. */
export function allCells(): Cell[] {
  const names = Object.keys(faults).filter((name): name is FaultName => name in faults);
  return requestKinds.flatMap((kind) => [
    { kind, fault: undefined, lasting: false },
    ...names.flatMap((name) => {
      const fault: Fault = faults[name];
      if (fault.befalls?.(kind) === false) return [];
      return (fault.onlyLasting === true ? [true] : [false, true]).map((lasting) => ({ kind, fault: name, lasting }));
    }),
  ]);
}

/** Runs the cells, several at a time. Some do nothing but wait: they do it side by side, beside all others. */
export async function runCells(cells: readonly Cell[], surroundings: Surroundings): Promise<CellResult[]> {
  const waiting = cells.filter(waits);
  const others = cells.filter((cell) => !waits(cell));
  const results = await Promise.all([sideBySide(waiting, 13, surroundings), sideBySide(others, 3, surroundings)]);
  return results.flat();
}

/** For a server that says nothing, or goes on asking for patience. */
function waits({ fault, lasting }: Cell): boolean {
  return isSilent(fault) || (lasting && (fault === "status-429" || fault === "status-503" || fault === "retry-after"));
}

async function sideBySide(cells: readonly Cell[], workers: number, surroundings: Surroundings): Promise<CellResult[]> {
  const results: CellResult[] = [];
  const waiting = cells.values();
  const work = async (): Promise<void> => {
    for (const cell of waiting) results.push(await runCell(cell, surroundings));
  };
  await Promise.all(Array.from({ length: workers }, work));
  return results;
}
