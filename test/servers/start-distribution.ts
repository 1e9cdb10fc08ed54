import type { TestCertificates } from "./make-certificates.ts";
import { serveArguments, startStorageServer, type StoragePlaces, type StorageServer } from "./start-storage-server.ts";
import type { TokenServer } from "./start-token-server.ts";
import { writeHtpasswd } from "../support/test-user.ts";

export interface DistributionOptions {
  /** 3.1.1 is CNCF's, 2.8 Debian's (unsorted and unpaged tag lists, no deletion of tags). Default: 3.1.1. */
  readonly release?: "3.1.1" | "2.8";
  /** Basic sign-in as `testUser`. */
  readonly htpasswd?: boolean;
  /** Bearer sign-in; 3.1.1 only (2.8 knows no JWKS file). */
  readonly tokenServer?: TokenServer;
  /** Refuses every write with 405. */
  readonly readOnly?: boolean;
  readonly tls?: TestCertificates;
  /** Storage to open; default: a fresh folder, removed at `stop()`. */
  readonly directory?: string;
}

export type RunningDistribution = StorageServer;

/** A Distribution registry on this machine. Throws with the reason where it is not installed: wrap tests in `describeWith`. */
export async function startDistribution(options: DistributionOptions = {}): Promise<RunningDistribution> {
  const { release = "3.1.1", tls, directory } = options;
  if (release === "2.8" && options.tokenServer) throw new Error("Distribution 2.8 cannot read the JWKS of the test token server");
  return startStorageServer({
    name: `Distribution ${release}`,
    tool: release === "2.8" ? "distribution-2.8" : "distribution",
    directory,
    // It would otherwise post traces to a collector that is not there.
    env: { OTEL_TRACES_EXPORTER: "none" },
    scheme: tls ? "https" : "http",
    arguments: (port, places) => serveArguments(places, configuration(port, { ...options, ...places })),
  });
}

function configuration(port: number, options: DistributionOptions & StoragePlaces): object {
  const { tls, readOnly = false } = options;
  const storage = { filesystem: { rootdirectory: options.directory }, delete: { enabled: true } };
  return {
    version: "0.1",
    log: { level: "warn" },
    storage: readOnly ? { ...storage, maintenance: { readonly: { enabled: true } } } : storage,
    http: { addr: `127.0.0.1:${port}`, ...(tls && { tls: { certificate: tls.certFile, key: tls.keyFile } }) },
    ...authentication(options),
  };
}

function authentication({ htpasswd, tokenServer, scratch }: DistributionOptions & StoragePlaces): object {
  if (tokenServer) {
    const { realm, service, issuer, jwksFile } = tokenServer;
    return { auth: { token: { realm, service, issuer, jwks: jwksFile } } };
  }
  return htpasswd ? { auth: { htpasswd: { realm: "local", path: writeHtpasswd(scratch) } } } : {};
}
