import { Option, type Command } from "commander";

import type { MappingOptions, Rename, VPrefix } from "../engine/choose/mapping.ts";
import type { Selection } from "../engine/choose/select-entries.ts";
import { collect } from "./flags.ts";
import { parseAge, parseCount, parseDay, parseRename, timeOf } from "./parse-flag.ts";

/** Which versions of the source take part, and what they are called at the targets. */
export interface SelectionFlags {
  readonly chart?: readonly string[];
  readonly exclude?: readonly string[];
  readonly version?: string;
  readonly prerelease: NonNullable<Selection["prerelease"]>;
  readonly skipDeprecated?: boolean;
  /** As written. */
  readonly since?: string;
  /** As written. */
  readonly until?: string;
  /** Milliseconds. */
  readonly minAge?: number;
  readonly latest?: number;
  readonly vPrefix: VPrefix;
  readonly rename?: readonly Rename[];
}

export function addSelectionFlags(command: Command): Command {
  return command
    .option("--chart <glob>", "only these charts; may be repeated", collect)
    .option("--exclude <glob>", "not these charts; may be repeated", collect)
    .option("--version <range>", "only versions in this range, as Helm reads it: '>=1.2 <2', '^1.4 || 3.x'")
    .addOption(
      new Option("--prerelease <which>", "pre-releases: with the others, not at all, or nothing else")
        .choices(["include", "exclude", "only"])
        .default("include"),
    )
    .option("--skip-deprecated", "not what the index marks as deprecated")
    .option("--since <date>", "only what the index says was created then or later: a day, or a time in RFC 3339", parseDay)
    .option("--until <date>", "only what was created then or earlier; a day counts to its end (UTC)", parseDay)
    .option("--min-age <duration>", "only what was created at least so long ago: 12h, 7d, 2w", parseAge)
    .option("--latest <count>", "only so many of the newest versions of each chart, of those that all the other options leave", parseCount)
    .addOption(
      new Option("--v-prefix <form>", "versions such as v1.2.3, which Helm finds by no range: tag them so, as 1.2.3, or both")
        .choices(["keep", "strip", "both"])
        .default("keep"),
    )
    .option("--rename <from=to>", "the chart FROM goes to the repository TO instead of one of its own name; may be repeated", parseRename);
}

export function selectionOf(flags: SelectionFlags): Selection {
  const { chart, exclude, version, prerelease, skipDeprecated, since, until, minAge, latest } = flags;
  return {
    prerelease,
    ...(chart === undefined ? {} : { charts: chart }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(version === undefined ? {} : { versionRange: version }),
    ...(skipDeprecated === undefined ? {} : { skipDeprecated }),
    ...(since === undefined ? {} : { since: timeOf(since, "start") }),
    ...(until === undefined ? {} : { until: timeOf(until, "end") }),
    ...(minAge === undefined ? {} : { minAgeMs: minAge }),
    ...(latest === undefined ? {} : { latest }),
  };
}

export function mappingOf({ vPrefix, rename }: SelectionFlags): MappingOptions {
  return { vPrefix, ...(rename === undefined ? {} : { renames: rename }) };
}
