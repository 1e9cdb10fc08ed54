import { hasNothingToDo, isBlind, isWhole, type Plan, plan } from "../engine/plan/plan.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { planText } from "../output/plan-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { lookAtEnds } from "./look-at-ends.ts";
import { type RunCommand, type RunFlags, runOptions } from "./run-options.ts";
import { showDocument } from "./show-document.ts";

export interface PlanFlags extends RunFlags {
  readonly deep?: boolean;
  readonly check?: boolean;
}

/** `plan`, and `migrate --dry-run`: what a migration with the same options would do. */
export async function runPlan(command: RunCommand<PlanFlags>, terminal: Terminal): Promise<ExitCode> {
  const { flags } = command;
  return lookAtEnds(command, terminal, async (ends) => {
    const made = await plan({
      ...ends,
      ...runOptions(flags, terminal),
      deep: flags.deep === true,
      provenance: flags.provenance !== "skip",
      formerHomes: (flags.urlRewrite ?? []).map(({ from }) => from),
    });
    return show(made, flags, terminal);
  });
}

async function show(made: Plan, flags: PlanFlags, terminal: Terminal): Promise<ExitCode> {
  const { schemaVersion, run, totals, hosts } = made;
  try {
    const head = { schemaVersion, run, totals, hosts };
    await showDocument({ head, versions: () => made.versions(), text: () => planText(made) }, flags, terminal);
    return exitCodeOf(made, flags);
  } finally {
    made.close();
  }
}

/** What is known to differ says more than what could not be looked at. */
function exitCodeOf(made: Plan, { check = false }: PlanFlags): ExitCode {
  if (made.run.end === "interrupted") return exitCodes.interrupted;
  if (isBlind(made)) return exitCodes.usage;
  if (check && !hasNothingToDo(made, { known: true })) return exitCodes.differences;
  return isWhole(made) && (!check || hasNothingToDo(made)) ? exitCodes.done : exitCodes.someFailed;
}
