import { addTraffic, closeAll, type ChartSource, type HostTraffic, type TellPause } from "@chartferry/core";

import type { MigrationTarget } from "../engine/migrate-options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readCreatedFrom } from "./created-from-flag.ts";
import type { SourceFlags, TargetFlags } from "./flags.ts";
import { openSource, type ClassicFlags } from "./open-source.ts";
import { closeTargets, openTargets, type TargetOptions } from "./open-targets.ts";
import { mappingOf, type SelectionFlags } from "./selection-flags.ts";

export interface EndFlags extends SourceFlags, TargetFlags, ClassicFlags, SelectionFlags {
  readonly concurrency?: number;
}

export interface RunPlaces {
  readonly source: string;
  readonly targets: readonly string[];
  readonly flags: EndFlags;
  /** The targets are only looked at. Default: false. */
  readonly readOnly?: boolean;
}

/** The outside as the ends see it. */
export interface EndsTerminal extends Terminal {
  /** Told of every server that holds us back. */
  readonly onSourcePause?: TellPause | undefined;
  readonly onTargetPause?: TargetOptions["onPause"];
}

/** Source and targets of one run, and the place that `--created-from` names. */
export interface RunEnds {
  readonly source: ChartSource;
  readonly targets: MigrationTarget[];
  /** What crossed the wire to all that is only read. */
  readonly sourceTraffic: () => Readonly<Record<string, HostTraffic>>;
  close(): Promise<void>;
}

/** Opens all of them or none. @throws usage, and whatever keeps an end from being reached */
export async function openEnds({ source: location, targets: texts, flags, readOnly }: RunPlaces, terminal: EndsTerminal): Promise<RunEnds> {
  const mapping = mappingOf(flags);
  const createdFrom = flags.createdFrom === undefined ? undefined : readCreatedFrom(flags.createdFrom, { flags, mapping, terminal });
  const { source, traffic } = await openSource(location, flags, {
    ...terminal,
    createdFrom: createdFrom?.ask,
    onPause: terminal.onSourcePause,
  });
  let targets: MigrationTarget[] = [];
  const close = async (): Promise<void> => {
    await closeAll([() => source.close(), () => createdFrom?.close(), () => closeTargets(targets)]);
  };
  try {
    targets = await openTargets(texts, { flags, concurrency: flags.concurrency, readOnly, onPause: terminal.onTargetPause }, terminal);
    await createdFrom?.open(targets).catch((error: unknown) => {
      // Of an interrupted run nobody will ask for a time, and it still says what it was asked.
      if (!terminal.interrupt.aborted) throw error;
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { source, targets, sourceTraffic: () => addTraffic([traffic(), createdFrom?.traffic() ?? {}]), close };
}
