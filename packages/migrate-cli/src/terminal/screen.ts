/** A terminal that can be drawn on. */
export interface Screen {
  write(text: string): void;
  /** Read them anew for every drawing: the user may resize the window. 0 = the terminal does not say. */
  readonly columns: number;
  readonly rows: number;
  /** Calls back after each change of size, until the returned function is called. */
  onResize(action: () => void): () => void;
  /** Calls back when the process ends, whatever ends it (short of a kill), until the returned function is called. */
  onExit(action: () => void): () => void;
}

/** `undefined` = this stream is no terminal, or none that can be drawn on: `columns` is 0 under some pseudo-terminals. */
export function screenOf(stream: NodeJS.WriteStream, environment: Readonly<Record<string, string | undefined>>): Screen | undefined {
  if (!stream.isTTY || !(stream.columns > 0) || environment["TERM"] === "dumb") return undefined;
  return {
    write: (text) => void stream.write(text),
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    onResize(action) {
      stream.on("resize", action);
      return () => stream.off("resize", action);
    },
    onExit(action) {
      process.once("exit", action);
      return () => process.off("exit", action);
    },
  };
}
