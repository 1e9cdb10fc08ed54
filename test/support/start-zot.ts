import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { TestCertificates } from "./make-certificates.ts";
import { requireTool } from "./real-tools.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";
import { testUser, writeHtpasswd } from "./test-user.ts";

export interface ZotOptions {
  /** Basic sign-in as `testUser`. Implied by `access`. */
  readonly htpasswd?: boolean;
  /**
   * What the test user may do: `read-only`, `immutable` (create but never overwrite), or zot's own `repositories` section.
   * Nobody else may do anything.
   */
  readonly access?: "read-only" | "immutable" | Readonly<Record<string, object>>;
  readonly tls?: TestCertificates;
  /** Storage to open (image layouts, one per repository); default: a fresh folder, removed at `stop()`. */
  readonly directory?: string;
  /** Default: false (hard links and a cache file otherwise). */
  readonly dedupe?: boolean;
}

export interface RunningZot extends RunningServer {
  /** The storage root. */
  readonly directory: string;
}

/** zot on this machine. Throws with the reason where it is not installed: wrap tests in `describeWith`. */
export async function startZot(options: ZotOptions = {}): Promise<RunningZot> {
  const program = requireTool("zot");
  const scratch = makeTempDir("zot");
  const directory = options.directory ?? join(scratch, "storage");
  mkdirSync(directory, { recursive: true });
  const configFile = join(scratch, "config.json");
  const server = await startServer({
    name: "zot",
    program,
    scheme: options.tls ? "https" : "http",
    arguments(port) {
      writeFileSync(configFile, JSON.stringify(configuration(port, { ...options, directory, scratch })));
      return ["serve", configFile];
    },
  });
  return {
    ...server,
    directory,
    async stop(signal) {
      await server.stop(signal);
      removeTempDir(scratch);
    },
  };
}

function configuration(port: number, options: ZotOptions & { directory: string; scratch: string }): object {
  const { directory, scratch, tls, access, dedupe = false } = options;
  return {
    storage: { rootDirectory: directory, dedupe, gc: false },
    http: {
      address: "127.0.0.1",
      port: String(port),
      realm: "zot",
      ...((options.htpasswd === true || access !== undefined) && { auth: { htpasswd: { path: writeHtpasswd(scratch) }, failDelay: 0 } }),
      ...(access !== undefined && { accessControl: { repositories: repositoriesFor(access) } }),
      ...(tls && { tls: { cert: tls.certFile, key: tls.keyFile } }),
    },
    log: { level: "error" },
  };
}

function repositoriesFor(access: NonNullable<ZotOptions["access"]>): object {
  if (typeof access === "object") return access;
  const actions = access === "read-only" ? ["read"] : ["read", "create"];
  return { "**": { policies: [{ users: [testUser.username], actions }] } };
}
