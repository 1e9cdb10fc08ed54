import type { TestCertificates } from "./make-certificates.ts";
import { startStorageServer, type StorageServer } from "./start-storage-server.ts";

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

/** olareg, the strictest server at hand. Throws with the reason where it is not installed: wrap tests in `describeWith`. */
export function startOlareg(options: OlaregOptions = {}): Promise<StorageServer> {
  return startStorageServer({
    name: "olareg",
    tool: "olareg",
    directory: options.directory,
    scheme: options.tls ? "https" : "http",
    arguments: (port, { directory }) => [...basics(port, directory), ...extras(options)],
  });
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
