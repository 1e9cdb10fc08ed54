import { chooseCreated } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";

/** What the user says of `created`; read before anything begins, since a mistake in it would fail every version. @throws usage */
export function givenCreated(
  explicit: string | undefined,
  { environment }: Terminal,
): { explicit: string | undefined; sourceDateEpoch: string | undefined } {
  const given = { explicit, sourceDateEpoch: environment["SOURCE_DATE_EPOCH"] };
  chooseCreated(given);
  return given;
}
