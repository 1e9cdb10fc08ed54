import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { requireTool } from "../support/real-tools.ts";
import { type RunningServer, type ServerProgram, startServer } from "./start-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";

export interface StorageServer extends RunningServer {
  /** The storage root. */
  readonly directory: string;
}

export interface StoragePlaces {
  readonly directory: string;
  /** For configuration and password files; removed at `stop()`. */
  readonly scratch: string;
}

export interface StorageProgram extends Pick<ServerProgram, "name" | "env" | "scheme"> {
  readonly tool: Parameters<typeof requireTool>[0];
  /** Storage to open; default: a fresh folder, removed at `stop()`. */
  readonly directory: string | undefined;
  arguments(port: number, places: StoragePlaces): readonly string[];
}

/** A real registry over a storage folder. Throws with the reason where it is not installed: wrap tests in `describeWith`. */
export async function startStorageServer({ tool, directory: given, ...server }: StorageProgram): Promise<StorageServer> {
  const program = requireTool(tool);
  const scratch = makeTempDir(tool);
  const directory = given ?? join(scratch, "storage");
  mkdirSync(directory, { recursive: true });
  const started = await startServer({ ...server, program, arguments: (port) => server.arguments(port, { directory, scratch }) });
  return {
    ...started,
    directory,
    async stop(signal) {
      await started.stop(signal);
      removeTempDir(scratch);
    },
  };
}

/** `serve FILE`, as zot and Distribution take it. JSON is YAML, and needs no quoting rules. */
export function serveArguments({ scratch }: StoragePlaces, configuration: object): string[] {
  const file = join(scratch, "config.json");
  writeFileSync(file, JSON.stringify(configuration));
  return ["serve", file];
}
