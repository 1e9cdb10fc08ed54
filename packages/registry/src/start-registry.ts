import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";

import { ChartferryError, type Clock } from "@chartferry/core";
import { openLayoutTree, type Durability, type LayoutTree, type UploadLimits } from "@chartferry/core/layout";

import { basicAuth, type BasicAuthOptions } from "./basic-auth.ts";
import { affordableConnections, limitConnections } from "./connection-limit.ts";
import type { HandlerLimits } from "./endpoint.ts";
import { missingFolders, removeMade } from "./made-folders.ts";
import { createRegistryHandler } from "./registry-handler.ts";
import type { RegistryHooks } from "./registry-hooks.ts";
import { type RunningRequests, watchRequests } from "./running-requests.ts";
import { httpListener } from "./serve-http.ts";

/** Times in milliseconds. */
export interface ServerLimits {
  /** Until a request's headers are complete. Default 30 s. */
  readonly headersMs: number;
  /** Without a byte in either direction while a request runs. Default 2 minutes. */
  readonly idleMs: number;
  /** From the first byte of a request to its last. Default 1 hour. */
  readonly requestMs: number;
  /** An idle connection is kept this long. Default 75 s, above what clients wait. */
  readonly keepAliveMs: number;
  /** Connections at one time. Default 1000, and fewer where the limit on open files (`ulimit -n`) leaves no room for so many. */
  readonly maxConnections: number;
  /** How long `close` waits for running requests. Default 5 s. */
  readonly graceMs: number;
}

const defaultLimits: Omit<ServerLimits, "maxConnections"> = {
  headersMs: 30_000,
  idleMs: 120_000,
  requestMs: 3_600_000,
  keepAliveMs: 75_000,
  graceMs: 5000,
};

export interface StartRegistryOptions {
  /** Root of the layouts, one per repository. */
  readonly directory: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 = any that is free. */
  readonly port?: number;
  /** PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly basicAuth?: BasicAuthOptions;
  readonly readOnly?: boolean;
  /** Default `fsync`. */
  readonly durability?: Durability;
  readonly sparseIndexes?: boolean;
  readonly limits?: Partial<ServerLimits & HandlerLimits & UploadLimits>;
  readonly hooks?: RegistryHooks;
  readonly clock?: Clock;
  readonly reportFailure?: (error: unknown) => void;
}

export interface RunningRegistry {
  /** `http://127.0.0.1:5000`, without a path. */
  readonly url: string;
  /** Host and port as a reference names them. */
  readonly host: string;
  readonly port: number;
  readonly tree: LayoutTree;
  /** Ends running requests, folds the layouts, gives the lock back. */
  close(): Promise<void>;
}

/** @throws layout-locked, file-unwritable, usage (the address cannot be listened on, the certificate cannot be used) */
export async function startRegistry(options: StartRegistryOptions): Promise<RunningRegistry> {
  const limits = { ...defaultLimits, ...options.limits };
  const missing = await missingFolders(options.directory);
  const tree = await openLayoutTree(options.directory, {
    durability: options.durability ?? "fsync",
    readOnly: options.readOnly ?? false,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    limits,
  });
  try {
    const { server, requests } = serverFor(options, tree);
    server.headersTimeout = limits.headersMs;
    server.requestTimeout = limits.requestMs;
    server.keepAliveTimeout = limits.keepAliveMs;
    server.timeout = limits.idleMs;
    limitConnections(server, limits.maxConnections ?? (await affordableConnections()));
    await listen(server, options);
    // Such as a connection that cannot be accepted for want of files or memory: the next one may be.
    server.on("error", (error) => options.reportFailure?.(error));
    return running(server, { tree, settled: () => requests.end(limits.graceMs), scheme: options.tls === undefined ? "http" : "https" });
  } catch (error) {
    await tree.close();
    await removeMade(missing);
    throw error;
  }
}

function serverFor(options: StartRegistryOptions, tree: LayoutTree): { server: Server; requests: RunningRequests } {
  const { hooks = {}, limits = {}, sparseIndexes = false, reportFailure } = options;
  const authorise = authoriseWith(options);
  const handler = createRegistryHandler({
    tree,
    hooks: authorise === undefined ? hooks : { ...hooks, authorise },
    limits,
    sparseIndexes,
    ...(reportFailure === undefined ? {} : { reportFailure }),
  });
  const requests = watchRequests(httpListener(handler));
  const { listener } = requests;
  return { server: options.tls === undefined ? createServer(listener) : tlsServer(options.tls, listener), requests };
}

/** Who has signed in may still be refused by the hook. */
function authoriseWith({ basicAuth: users, hooks = {} }: StartRegistryOptions): RegistryHooks["authorise"] {
  if (users === undefined) return hooks.authorise;
  const signIn = basicAuth(users);
  return async (routed) => (await signIn(routed)) ?? hooks.authorise?.(routed);
}

/** @throws usage */
function tlsServer({ cert, key }: NonNullable<StartRegistryOptions["tls"]>, listener: RequestListener): Server {
  try {
    return createTlsServer({ cert, key }, listener);
  } catch (cause) {
    throw new ChartferryError("the certificate or its key cannot be used", {
      code: "usage",
      operation: "serve",
      hint: "give a certificate and the private key that belongs to it, both as PEM text and the key without a password",
      cause,
    });
  }
}

async function listen(server: Server, { host = "127.0.0.1", port = 0 }: StartRegistryOptions): Promise<void> {
  await new Promise<void>((done, fail) => {
    const refuse = (cause: Error): void =>
      fail(
        new ChartferryError(`cannot listen on ${host}:${port}: ${"code" in cause ? String(cause.code) : cause.message}`, {
          code: "usage",
          operation: "serve",
          hint: listenHint(cause),
          cause,
        }),
      );
    server.once("error", refuse);
    server.listen({ host, port }, () => {
      server.off("error", refuse);
      done();
    });
  });
}

function listenHint(cause: Error): string {
  const errno = "code" in cause ? String(cause.code) : "";
  if (["ENOTFOUND", "EAI_AGAIN", "EADDRNOTAVAIL", "EINVAL"].includes(errno)) return "listen on an address of this machine";
  return "choose another port, or 0 for any that is free";
}

function running(
  server: Server,
  { tree, settled, scheme }: { tree: LayoutTree; settled: () => Promise<void>; scheme: string },
): RunningRegistry {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a listening server has an address");
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  const host = `${name}:${address.port}`;
  let closing: Promise<void> | undefined;
  return {
    url: `${scheme}://${host}`,
    host,
    port: address.port,
    tree,
    close() {
      closing ??= stop(server, settled).then(() => tree.close());
      return closing;
    },
  };
}

async function stop(server: Server, settled: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  await settled();
  server.closeAllConnections();
  await closed;
}
