import { utf8Text } from "./index-input.ts";
import type { IndexContent } from "./index-input.ts";
import { latin1Chunks } from "./index-input.ts";
import { parseIndexYaml } from "./parse-index-yaml.ts";
import { isMap, listOf } from "./parsed-value.ts";
import { createIndexSplitter, splitEnd, splitMore } from "./split-index.ts";
import type { IndexPiece } from "./split-index.ts";
import type { ChartList } from "./repeated-yaml-keys.ts";
import { chartLists } from "./whole-index.ts";
import type { WholeIndex } from "./whole-index.ts";

export interface ResumeOptions {
  readonly entryLimit: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * What is left of an index that was read piece by piece up to the piece that begins at `line`, where a text turned out to go on at any indent:
 * Helm's reader allows that, and no splitter can see it. The lists of the whole file without what stood before. A second look at the file, since
 * the pieces are counted only when that is needed.
 */
export async function listsFrom(
  line: number,
  whole: WholeIndex,
  { content, ...options }: ResumeOptions & { readonly content: IndexContent },
): Promise<ChartList[]> {
  const done = await countItems(content, line, options);
  const left: ChartList[] = [];
  for (const { chart, value } of chartLists(whole)) {
    const before = done.get(chart) ?? 0;
    const items = listOf(value);
    if (items === undefined && before > 0) done.set(chart, before - 1);
    else if (items === undefined || before < items.length) left.push({ chart, value: items?.slice(before) ?? value });
    if (items !== undefined) done.set(chart, Math.max(before - items.length, 0));
  }
  return left;
}

/** How many elements of each chart's lists stand before the line; a value that is no list counts as one. */
async function countItems(content: IndexContent, line: number, { entryLimit, signal }: ResumeOptions): Promise<Map<string, number>> {
  const splitter = createIndexSplitter(entryLimit);
  const done = new Map<string, number>();
  const count = (pieces: readonly IndexPiece[]): void => {
    for (const piece of pieces) {
      if (piece.line >= line) continue;
      const chart = utf8Text(piece.chart);
      done.set(chart, (done.get(chart) ?? 0) + (piece.kind === "item" ? 1 : itemsIn(piece.text)));
    }
  };
  for await (const chunk of latin1Chunks(content, signal)) count(splitMore(splitter, chunk));
  count(splitEnd(splitter));
  return done;
}

function itemsIn(text: string): number {
  try {
    const { value } = parseIndexYaml(utf8Text(text));
    const [list] = Object.values(isMap(value) ? value : {});
    return listOf(list)?.length ?? 1;
  } catch {
    return 1;
  }
}
