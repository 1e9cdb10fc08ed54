import { type Audit, verdict, verify } from "../engine/verify/verify.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { verifyText } from "../output/verify-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { lookAtEnds } from "./look-at-ends.ts";
import { type RunCommand, type RunFlags, runOptions } from "./run-options.ts";
import { showDocument } from "./show-document.ts";

export interface VerifyFlags extends RunFlags {
  readonly quick?: boolean;
}

/** `verify`: what stands at the targets compared with the source, without writing and without fetching a chart. */
export async function runVerify(command: RunCommand<VerifyFlags>, terminal: Terminal): Promise<ExitCode> {
  const { flags } = command;
  return lookAtEnds(command, terminal, async (ends) => {
    const audit = await verify({
      ...ends,
      // What an earlier run remembers proves nothing.
      ...runOptions({ ...flags, journal: false }, terminal),
      quick: flags.quick === true,
      provenance: flags.provenance === undefined || flags.provenance === "auto" ? "compare" : flags.provenance,
    });
    return show(audit, flags, terminal);
  });
}

const codes = { equal: exitCodes.done, drift: exitCodes.differences, doubt: exitCodes.someFailed, blind: exitCodes.usage } as const;

async function show(audit: Audit, flags: VerifyFlags, terminal: Terminal): Promise<ExitCode> {
  const { schemaVersion, run, totals, hosts } = audit;
  try {
    const head = { schemaVersion, run, totals, hosts };
    await showDocument({ head, versions: () => audit.versions(), text: () => verifyText(audit) }, flags, terminal);
    return run.end === "interrupted" ? exitCodes.interrupted : codes[verdict(audit)];
  } finally {
    audit.close();
  }
}
