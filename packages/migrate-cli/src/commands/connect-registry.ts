import { adapters } from "@chartferry/adapters";
import { openConnection, type Connection, type OpenConnectionOptions } from "@chartferry/core";

import { withSettings } from "./apply-settings.ts";

export interface ConnectRegistryOptions extends Omit<OpenConnectionOptions, "adapters"> {
  /** `--config`. */
  readonly config?: string | undefined;
  /** As `formatTarget` writes it, for what chartferry.yaml says of this one target; default: of its registry alone. */
  readonly target?: string | undefined;
}

/** A connection to one registry through the adapter that fits it, or the one that was named; chartferry.yaml adds to what the options leave open. */
export async function connectRegistry({ config, target, ...options }: ConnectRegistryOptions): Promise<Connection> {
  const settled = await withSettings(options, { config, target: target ?? `oci://${options.registry}` });
  return openConnection({ ...settled, adapters });
}
