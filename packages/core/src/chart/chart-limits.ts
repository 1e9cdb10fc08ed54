import { ChartferryError } from "../errors.ts";

/** What reading one chart may cost, everything nested in it included. Helm gives each nested archive a budget of its own: a bomb. */
export interface ChartLimits {
  /** Bytes of all files together, inflated. Helm: 100 MiB. */
  readonly contentBytes: number;
  /** Entries of all archives together, and the gzip members after the first of each. The largest real charts have some thousands. */
  readonly entries: number;
  /** Charts within charts. */
  readonly depth: number;
}

export const defaultChartLimits: ChartLimits = { contentBytes: 100 * 1024 * 1024, entries: 100_000, depth: 16 };

/** What is left of the limits; shared by an archive and all that is nested in it. */
export interface ChartBudget {
  /** Before a file is read, by its declared size. @throws archive-too-large */
  spendFile(bytes: number): void;
  /** @throws archive-too-large */
  spendEntry(): void;
  /** Bytes as they leave the decompressor, headers and padding included. @throws archive-too-large */
  spendInflated(bytes: number): void;
  /** @throws archive-too-large */
  enter(depth: number): void;
}

export function createBudget(limits: ChartLimits): ChartBudget {
  let content = limits.contentBytes;
  let entries = limits.entries;
  // Each entry may add a header and padding of less than two blocks to its content.
  let inflated = limits.contentBytes + limits.entries * 1024;
  return {
    spendFile(bytes) {
      content -= bytes;
      if (content <= 0 && bytes > 0) throw tooLarge(`its files have more than ${limits.contentBytes} bytes when unpacked`);
    },
    spendEntry() {
      entries -= 1;
      if (entries < 0) throw tooLarge(`it has more than ${limits.entries} entries`);
    },
    spendInflated(bytes) {
      inflated -= bytes;
      if (inflated < 0) throw tooLarge(`it unpacks to more than ${limits.contentBytes + limits.entries * 1024} bytes`);
    },
    enter(depth) {
      if (depth > limits.depth) throw tooLarge(`it has charts within charts more than ${limits.depth} deep`);
    },
  };
}

function tooLarge(reason: string): ChartferryError {
  return new ChartferryError(`the chart archive is too large: ${reason}`, {
    code: "archive-too-large",
    operation: "read chart archive",
    hint: "if the chart is to be trusted, raise the limit; Helm itself takes 100 MiB",
  });
}
