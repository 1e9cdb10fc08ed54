import { ChartferryError } from "@chartferry/core";

/** For what the user has to give, and interrupts instead. */
export function interruptedReading(): ChartferryError {
  return new ChartferryError("interrupted", {
    code: "aborted",
    operation: "read input",
    hint: "run the same command again to carry on",
  });
}
