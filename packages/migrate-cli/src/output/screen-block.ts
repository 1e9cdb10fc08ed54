import type { Screen } from "../terminal/screen.ts";
import { textWidth } from "./text-width.ts";

/** Some lines at the end of what stands on a terminal, drawn over and over; everything else scrolls by above them. */
export interface ScreenBlock {
  /** Each line must be narrower than the screen. */
  draw(lines: readonly string[]): void;
  /** A line that stays, above the block. */
  log(line: string): void;
  /** Takes the block away and shows the cursor again. Nothing is drawn afterwards. */
  close(): void;
}

/** The cursor is hidden at the first drawing and shown again exactly once, also when the process ends by an exception. Sequences: ECMA-48, DECTCEM. */
export function createScreenBlock(screen: Screen): ScreenBlock {
  let drawn: readonly string[] = [];
  let state: "new" | "open" | "closed" = "new";
  const draw = (lines: readonly string[], above = ""): void => {
    if (state === "closed") return;
    const hide = state === "new" ? "\u001b[?25l" : "";
    state = "open";
    screen.write(`${hide}${erasing(drawn, screen.columns)}${above}${lines.join("\n")}`);
    drawn = lines;
  };
  const close = (): void => {
    if (state === "open") screen.write(`${erasing(drawn, screen.columns)}\u001b[?25h`);
    state = "closed";
    forget();
  };
  const forget = screen.onExit(close);
  return {
    draw: (lines) => draw(lines),
    log(line) {
      if (state === "open") draw(drawn, `${line}\n`);
      else if (state === "new") screen.write(`${line}\n`);
    },
    close,
  };
}

/** To the block's first line, and everything from there on away. A terminal that became narrower has broken the lines anew. */
function erasing(lines: readonly string[], columns: number): string {
  if (lines.length === 0) return "";
  const rows = lines.reduce((sum, line) => sum + Math.max(1, columns > 0 ? Math.ceil(textWidth(line) / columns) : 1), 0);
  return `\r${rows > 1 ? `\u001b[${rows - 1}A` : ""}\u001b[J`;
}
