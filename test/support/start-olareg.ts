import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { TestCertificates } from "./make-certificates.ts";
import { requireTool } from "./real-tools.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";

export interface OlaregOptions {
  /** Storage to open (image layouts, one per repository); default: a fresh folder, removed at `stop()`. */
  readonly directory?: string;
  readonly readOnly?: boolean;
  /** `false` makes clients fall back to referrers tags. Default: true. */
  readonly referrers?: boolean;
  /** Requests per second and address; above it, 429. */
  readonly rateLimit?: number;
  readonly tls?: TestCertificates;
}

export interface RunningOlareg extends RunningServer {
  /** The storage root. */
  readonly directory: string;
}

/** olareg, the strictest server at hand. Throws with the reason where it is not installed: wrap tests in `describeWith`. */
export async function startOlareg(options: OlaregOptions = {}): Promise<RunningOlareg> {
  const program = requireTool("olareg");
  const scratch = makeTempDir("olareg");
  const directory = options.directory ?? join(scratch, "storage");
  mkdirSync(directory, { recursive: true });
  const server = await startServer({
    name: "olareg",
    program,
    scheme: options.tls ? "https" : "http",
    arguments: (port) => [...basics(port, directory), ...extras(options)],
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

function basics(port: number, directory: string): string[] {
  const storage = ["--store-type", "dir", "--dir", directory];
  return ["serve", "--addr", "127.0.0.1", "--port", String(port), ...storage, "--api-delete", "--api-blob-delete"];
}

function extras({ readOnly = false, referrers = true, rateLimit, tls }: OlaregOptions): string[] {
  return [
    ...(readOnly ? ["--store-ro"] : []),
    ...(referrers ? [] : ["--api-referrer=false"]),
    ...(rateLimit === undefined ? [] : ["--rate-limit", String(rateLimit)]),
    ...(tls ? ["--tls-cert", tls.certFile, "--tls-key", tls.keyFile] : []),
  ];
}
