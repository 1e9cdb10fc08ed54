import { topKey } from "./index-keys.ts";

/** A chart's list under `entries`; a chart may have several. */
export interface ChartList {
  readonly chart: string;
  readonly value: unknown;
}

/** What the parser shows of itself whenever a node begins and ends. */
interface ParserState {
  readonly kind: string | null;
  readonly result: unknown;
}

interface Node {
  readonly children: Node[];
  result: unknown;
  kind: string | null;
}

/** Levels whose nodes are kept: document, top-level values, charts; each may be read twice, as a key first. */
const levels = 7;

/** Watches one parse, so that a key's earlier values are known as well: the parser keeps only the last. */
export interface EntriesWatch {
  readonly listener: (event: string, state: ParserState) => void;
  /** Every chart's list in order; `undefined` where the charts cannot be told for certain. */
  lists(): ChartList[] | undefined;
}

export function watchEntries(): EntriesWatch {
  const top: Node = { children: [], result: undefined, kind: null };
  const open: Node[] = [top];
  let depth = 0;
  return {
    listener(event, state) {
      if (event === "open") {
        depth += 1;
        if (depth <= levels) open.push({ children: [], result: undefined, kind: null });
        return;
      }
      depth -= 1;
      const node = depth < levels ? open.pop() : undefined;
      if (node === undefined) return;
      node.result = state.result;
      node.kind = state.kind;
      open.at(-1)?.children.push(node);
    },
    lists() {
      const root = top.children.at(-1);
      const charts = root === undefined ? undefined : pairs(root)?.filter(({ key }) => topKey(key) === "entries");
      const lists = charts?.map(({ node }) => (node.kind === "mapping" ? pairs(node) : []));
      if (lists === undefined || lists.includes(undefined)) return undefined;
      return lists.flatMap((list) => (list ?? []).map(({ key, node }) => ({ chart: key, value: node.result })));
    },
  };
}

/** The keys and values of a mapping's node; `undefined` where the parser went back and read something again. */
function pairs(mapping: Node): { key: string; node: Node }[] | undefined {
  // Read as a key first, then found to be the value itself.
  const [only] = mapping.children;
  if (mapping.children.length === 1 && only !== undefined) return only.result === mapping.result ? pairs(only) : undefined;
  const found: { key: string; node: Node }[] = [];
  for (let at = 0; at < mapping.children.length; at += 2) {
    const [key, node] = mapping.children.slice(at, at + 2);
    if (node === undefined || typeof key?.result !== "string" || key.result === "<<") return undefined;
    found.push({ key: key.result, node });
  }
  return found;
}
