import { chooseCreated, type ClassicSourceOptions } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";

export interface CreatedFlags {
  /** `--created`. */
  readonly created?: string;
  readonly helmCompatible?: boolean;
}

type GivenCreated = NonNullable<ClassicSourceOptions["created"]>;

/** What the user says of `created`; read before anything begins, since a mistake in it would fail every version. @throws usage */
export function givenCreated({ created: explicit, helmCompatible }: CreatedFlags, { environment }: Terminal): GivenCreated {
  const given = { explicit, sourceDateEpoch: environment["SOURCE_DATE_EPOCH"] };
  chooseCreated(given);
  return { ...given, helmCompatible };
}
