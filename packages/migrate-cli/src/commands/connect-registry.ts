import { adapters } from "@chartferry/adapters";
import { openConnection, type Connection, type OpenConnectionOptions } from "@chartferry/core";

/** A connection to one registry through the adapter that fits it, or the one that was named. */
export function connectRegistry(options: Omit<OpenConnectionOptions, "adapters">): Promise<Connection> {
  return openConnection({ ...options, adapters });
}
