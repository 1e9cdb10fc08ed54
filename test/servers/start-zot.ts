import type { TestCertificates } from "./make-certificates.ts";
import { serveArguments, startStorageServer, type StoragePlaces, type StorageServer } from "./start-storage-server.ts";
import { testUser, writeHtpasswd } from "../support/test-user.ts";

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

export type RunningZot = StorageServer;

/** zot on this machine. Throws with the reason where it is not installed: wrap tests in `describeWith`. */
export function startZot(options: ZotOptions = {}): Promise<RunningZot> {
  return startStorageServer({
    name: "zot",
    tool: "zot",
    directory: options.directory,
    scheme: options.tls ? "https" : "http",
    arguments: (port, places) => serveArguments(places, configuration(port, { ...options, ...places })),
  });
}

function configuration(port: number, options: ZotOptions & StoragePlaces): object {
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
