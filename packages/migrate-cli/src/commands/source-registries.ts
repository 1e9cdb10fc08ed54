import { addTraffic, ChartferryError, type ClassicSourceOptions, type Connection, type HostTraffic } from "@chartferry/core";

export interface SourceRegistries {
  readonly open: NonNullable<ClassicSourceOptions["openRegistry"]>;
  traffic(): Readonly<Record<string, HostTraffic>>;
  close(): Promise<void>;
}

/** Registries that one index may name: more is no repository of charts but a list of places to knock at. */
export const mostSourceRegistries = 64;

/** Registries that an index names with `oci://`: each is connected to when the first such url comes, and again if that failed. */
export function createSourceRegistries(connect: (registry: string) => Promise<Connection>): SourceRegistries {
  const connections = new Map<string, Promise<Connection>>();
  const opened: Connection[] = [];
  const begin = (registry: string): Promise<Connection> => {
    if (connections.size >= mostSourceRegistries) throw tooMany(registry);
    const connection = connect(registry);
    connections.set(registry, connection);
    connection.then(
      (open) => void opened.push(open),
      () => connections.delete(registry),
    );
    return connection;
  };
  return {
    async open({ registry, repository }) {
      const connection = await (connections.get(registry) ?? begin(registry));
      return connection.openStore(repository);
    },
    traffic: () => addTraffic(opened.map((connection) => connection.traffic())),
    async close() {
      // One that is still being opened would stay open behind us.
      await Promise.allSettled(connections.values());
      await Promise.all(opened.map((connection) => connection.close()));
    },
  };
}

function tooMany(registry: string): ChartferryError {
  return new ChartferryError(`the index names more than ${mostSourceRegistries} registries; ${registry} is not asked`, {
    code: "unsupported",
    operation: "open registry of the index",
    registry,
    hint: "choose fewer charts with --chart, and the others in another run",
  });
}
