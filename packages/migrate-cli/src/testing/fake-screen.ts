import type { Screen } from "../terminal/screen.ts";

export interface FakeScreen extends Screen {
  /** What a user sees, without blank lines at the end. */
  readonly shown: () => string[];
  /** Everything that was written. */
  readonly written: () => string;
  readonly resize: (columns: number, rows?: number) => void;
  /** The process ends. */
  readonly exit: () => void;
  readonly listeners: () => number;
}

/** A terminal that breaks long lines and knows the few sequences that we use; anything else stays visible. A line that was broken is broken anew after a resize. */
export function createFakeScreen(columns = 80, rows = 24): FakeScreen {
  let [width, height, written] = [columns, rows, ""];
  const [resizes, exits] = [new Set<() => void>(), new Set<() => void>()];
  // Paragraphs as written; the cursor stands in one of their rows.
  let lines: string[] = [""];
  const rowsOf = (): string[] => lines.flatMap((line) => (line === "" ? [""] : (line.match(new RegExp(`.{1,${width}}`, "gu")) ?? [])));
  const up = (count: number): void => {
    // Everything of ours that goes up clears from there on: the rows below are given up at once.
    lines = rowsOf().slice(0, -count);
    if (lines.length === 0) lines = [""];
  };
  const write = (text: string): void => {
    written += text;
    // oxlint-disable-next-line no-control-regex -- control sequences are what it takes apart
    for (const part of text.match(/\u001b\[\?25[hl]|\u001b\[\d*[AJ]|[\r\n]|[^\u001b\r\n]+|\u001b/gu) ?? []) {
      if (part === "\n") lines.push("");
      else if (part === "\u001b[J") lines[lines.length - 1] = "";
      else if (part.endsWith("A") && part.startsWith("\u001b[")) up(Number(part.slice(2, -1)));
      else if (part !== "\r" && !part.startsWith("\u001b[?25")) lines[lines.length - 1] += part;
    }
  };
  return {
    write,
    get columns() {
      return width;
    },
    get rows() {
      return height;
    },
    onResize: (action) => add(resizes, action),
    onExit: (action) => add(exits, action),
    shown: () => rowsOf().join("\n").trimEnd().split("\n"),
    written: () => written,
    resize(newColumns, newRows = height) {
      [width, height] = [newColumns, newRows];
      for (const action of resizes) action();
    },
    exit: () => {
      for (const action of exits) action();
    },
    listeners: () => resizes.size + exits.size,
  };
}

function add(listeners: Set<() => void>, action: () => void): () => void {
  listeners.add(action);
  return () => listeners.delete(action);
}
