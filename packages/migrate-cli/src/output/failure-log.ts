import { type Clock, isChartferryError, printable } from "@chartferry/core";

/** Tells what goes wrong in a program that goes on: each cause once in a while, however many requests meet it. */
export interface FailureLog {
  report(error: unknown): void;
  /** Tells what was only counted so far. */
  end(): void;
}

/** Within so many milliseconds a cause that has been told is counted only. */
const quietMs = 30_000;
/** Causes remembered; the one that was told first is forgotten then. */
const mostCauses = 100;

interface Cause {
  readonly toldAt: number;
  readonly text: string;
  /** Since then. */
  more: number;
}

export function createFailureLog(err: (text: string) => void, clock: Pick<Clock, "now">): FailureLog {
  const causes = new Map<string, Cause>();
  const tellCount = ({ more, text }: Cause): void => {
    if (more > 0) err(`failure: ${more} more like this: ${text}\n`);
  };
  const forget = (key: string, cause: Cause): void => {
    causes.delete(key);
    tellCount(cause);
  };
  return {
    report(error) {
      const key = causeOf(error);
      const known = causes.get(key);
      if (known !== undefined && clock.now() - known.toldAt < quietMs) {
        known.more++;
        return;
      }
      if (known !== undefined) forget(key, known);
      const text = printable(error instanceof Error ? error.message : "unknown");
      causes.set(key, { toldAt: clock.now(), text, more: 0 });
      err(`failure: ${text}\n`);
      const oldest = causes.size > mostCauses ? [...causes][0] : undefined;
      if (oldest !== undefined) forget(...oldest);
    },
    end() {
      for (const [key, cause] of causes) forget(key, cause);
    },
  };
}

/** A full disk names another file each time. */
function causeOf(error: unknown): string {
  if (isChartferryError(error)) return `${error.code} ${error.operation}`;
  return error instanceof Error ? error.message : "unknown";
}
