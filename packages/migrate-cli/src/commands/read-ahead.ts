import { parseTarget } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";
import type { SourceFlags, TargetFlags } from "./flags.ts";
import { registryOf, targetPassword } from "./open-targets.ts";
import { filesNamed } from "./check-files.ts";
import { readCredential } from "./read-password.ts";
import { sourcePassword } from "./read-sign-in.ts";

/** What somebody may be asked for. */
export interface AheadOf {
  /** Where there is one that may ask for a password. */
  readonly source?: string;
  readonly targets: readonly string[];
  readonly flags: SourceFlags & TargetFlags;
}

/**
 * The terminal, on which the passwords that the options speak of have been given already, and the pipes read: what is said of the progress would
 * stand in the question. Whatever keeps them from being read, an interruption too, is told to whoever wants them.
 */
export async function readAhead({ source, targets, flags }: AheadOf, terminal: Terminal): Promise<Terminal> {
  const given = new Map<string, Promise<string>>();
  const ahead: Terminal = {
    ...terminal,
    readPassword(prompt) {
      const known = given.get(prompt) ?? terminal.readPassword(prompt);
      given.set(prompt, known);
      return known;
    },
  };
  const [target] = targets.map((text) => registryOf(parseTarget(text)).registry);
  for (const password of [source === undefined ? undefined : sourcePassword(source, flags), targetPassword(flags, target)])
    if (password !== undefined) await readCredential(password, ahead).catch(() => undefined);
  for (const path of filesNamed(flags)) await ahead.openFile(path).catch(() => undefined);
  return ahead;
}
