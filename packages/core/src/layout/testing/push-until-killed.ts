import { openLayoutStore } from "../layout-store.ts";
import { openLayoutTree } from "../layout-tree.ts";
import { chartOf, pushChart } from "./layout-fixture.ts";

/** A program that pushes charts, four at a time, and prints each tag once it is acknowledged. Argument: the directory. */
const tree = await openLayoutTree(process.argv[2] ?? "", { durability: "none", clock: foldOften() });
const store = await openLayoutStore(tree, "web");
const run = process.argv[3] ?? "0";

async function pushForEver(lane: number): Promise<void> {
  for (let number = 0; ; number += 1) {
    const tag = `${run}.${lane}.${number}`;
    await pushChart(store, tag, chartOf(tag));
    process.stdout.write(`${tag}\n`);
  }
}

/** Folds follow each other at once, so that a kill often meets one. */
function foldOften(): { now(): number; sleep(): Promise<void> } {
  return { now: () => Date.now(), sleep: () => new Promise((resolve) => setImmediate(resolve)) };
}

await Promise.all([0, 1, 2, 3].map(pushForEver));
