import { systemClock } from "@chartferry/core";

import type { MigrateOptions } from "../engine/migrate-options.ts";
import type { ExitCode } from "../exit-codes.ts";
import { createLookingProgress } from "../output/looking-progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { checkFiles } from "./check-files.ts";
import { keepHeapSmall } from "./keep-heap-small.ts";
import { openEnds, type RunEnds } from "./open-ends.ts";
import { readAhead } from "./read-ahead.ts";
import { checkRunFlags, type RunCommand, type RunFlags } from "./run-options.ts";

export type LookingEnds = RunEnds & Required<Pick<MigrateOptions, "onEvent">>;

/** Opens both ends to look at them only, and closes them when `look` is done. @throws usage, and whatever keeps an end from being reached */
export async function lookAtEnds<Flags extends RunFlags>(
  command: RunCommand<Flags>,
  outside: Terminal,
  look: (ends: LookingEnds) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { flags } = command;
  checkRunFlags(flags);
  await checkFiles(command, outside);
  keepHeapSmall();
  const terminal = await readAhead(command, outside);
  const progress = createLookingProgress(flags.logFormat, terminal, systemClock);
  const ends = await openEnds(
    { ...command, readOnly: true },
    {
      ...terminal,
      onSourcePause: (pause) => progress.event({ type: "waiting", end: "source", ...pause }),
      onTargetPause: (pause, target) => progress.event({ type: "waiting", end: "target", target, ...pause }),
    },
  );
  try {
    return await look({ ...ends, onEvent: (event) => progress.event(event) });
  } finally {
    await ends.close();
  }
}
