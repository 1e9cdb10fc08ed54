import type { Command } from "commander";

import { usage } from "./read-password.ts";

/** An option that is given without a text comes from a variable that is not set: what it would select, or not, nobody has meant. @throws usage */
export function refuseEmptyOptions(command: Command): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (texts.includes(""))
      throw usage(`${option.long ?? option.flags} is empty`, "leave the option out, or set the variable that it comes from");
  }
}
