import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { ChartferryError, printable, systemClock } from "@chartferry/core";
import { startRegistry, type StartRegistryOptions } from "@chartferry/registry";

import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { createFailureLog } from "../output/failure-log.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readCredential, usage } from "./read-password.ts";

export interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly readOnly?: boolean;
  /** `false` = --no-fsync. */
  readonly fsync: boolean;
  readonly allowAnonymous?: boolean;
}

/** Serves until the process is told to end; the layouts are folded before it does. */
export async function runServe(
  { directory, flags }: { readonly directory: string; readonly flags: ServeFlags },
  terminal: Terminal,
): Promise<ExitCode> {
  // Not the current folder: it is what an unset variable leaves.
  if (directory === "") throw usage("the folder to serve is empty", "name one, or leave it out for ./registry");
  const failures = createFailureLog((text) => terminal.err(text), systemClock);
  const options = await serveOptions(directory, flags, terminal);
  const registry = await startRegistry({ ...options, reportFailure: (error) => failures.report(error) });
  terminal.out(`${registry.url}\n`);
  terminal.err(`serving ${printable(resolve(directory))} as ${registry.url}; push to oci://${registry.host}/NAMESPACE, end with Ctrl-C\n`);
  await aborted(terminal.interrupt);
  await registry.close();
  failures.end();
  return exitCodes.done;
}

async function serveOptions(directory: string, flags: ServeFlags, terminal: Terminal): Promise<StartRegistryOptions> {
  const { host, port, readOnly = false, fsync, user, passwordFile, allowAnonymous } = flags;
  if (user === undefined && allowAnonymous !== true && !isLoopback(host)) {
    throw usage(
      `on ${host} anybody who reaches this machine could read and write`,
      "add --user NAME --password-file FILE, or --allow-anonymous",
    );
  }
  if ((user === undefined) !== (passwordFile === undefined)) throw usage("--user and --password-file go together");
  const credential = await readCredential({ username: user, passwordFile, prefix: "--", userOption: "--user" }, terminal);
  const tls = await readTls(flags, terminal);
  return {
    directory,
    host,
    port,
    readOnly,
    durability: fsync ? "fsync" : "none",
    ...(tls === undefined ? {} : { tls }),
    ...(credential?.kind === "basic" ? { basicAuth: { users: new Map([[credential.username, credential.password]]) } } : {}),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

async function readTls({ tlsCert, tlsKey }: ServeFlags, terminal: Terminal): Promise<StartRegistryOptions["tls"]> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw usage("--tls-cert and --tls-key go together");
  const [cert, key] = await Promise.all([readPem(tlsCert, terminal), readPem(tlsKey, terminal)]);
  return { cert, key };
}

async function readPem(path: string, terminal: Terminal): Promise<Buffer> {
  const file = await terminal.openFile(path);
  return typeof file !== "string"
    ? Buffer.from(file.text)
    : readFile(file).catch((cause: unknown) => {
        throw new ChartferryError(`cannot read ${path}`, { code: "file-unreadable", operation: "serve", cause });
      });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });
}
