import { chooseCreated, formatTarget, parseTarget, type ClassicSourceOptions } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";
import { usage } from "./read-password.ts";

export interface CreatedFlags {
  /** `--created`. */
  readonly created?: string;
  readonly helmCompatible?: boolean;
  /** `--created-from`, as written. */
  readonly createdFrom?: string;
}

type GivenCreated = NonNullable<ClassicSourceOptions["created"]>;

/** What the user says of `created`; read before anything begins, since a mistake in it would fail every version. @throws usage */
export function givenCreated({ created: explicit, helmCompatible }: CreatedFlags, { environment }: Terminal): GivenCreated {
  if (explicit !== undefined && helmCompatible === true)
    throw usage("--created and --helm-compatible each say what the creation time is", "leave one of the two out");
  const given = { explicit, sourceDateEpoch: environment["SOURCE_DATE_EPOCH"] };
  chooseCreated(given);
  return { ...given, helmCompatible };
}

/** What `created` depends on besides the charts themselves, in words that are equal when the rule is: for the journal's key. */
export function createdRule(
  { created, helmCompatible, createdFrom }: CreatedFlags,
  { environment }: Pick<Terminal, "environment">,
): string {
  const place = createdFrom === undefined ? "" : `from=${formatTarget(parseTarget(createdFrom))},`;
  const epoch = environment["SOURCE_DATE_EPOCH"] ?? "";
  if (created !== undefined) return `${place}created=${created}`;
  if (epoch !== "") return `${place}epoch=${epoch}`;
  return helmCompatible === true ? `${place}file` : `${place}source`;
}
