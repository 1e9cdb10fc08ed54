import { checkCredentialFile, createCredentialProvider } from "@chartferry/core";
import type { CredentialProvider, NamedFile, TlsOptions } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";
import type { SourceFlags } from "./flags.ts";
import { openNamed, tlsOptions } from "./open-targets.ts";
import { type PasswordFlags, readCredential, usage } from "./read-password.ts";

/** Who we are at the source, and how we know it. */
export interface SourceSignIn {
  readonly tls: TlsOptions;
  readonly credentials: CredentialProvider | undefined;
  /** Of the registries that its index names. */
  readonly registryConfig: NamedFile | undefined;
}

/** What the options say of it, passwords and pipes read. An interrupted run still says what it was asked: it sends nothing. @throws usage, file-missing … */
export async function readSignIn(location: string, flags: SourceFlags, terminal: Terminal): Promise<SourceSignIn> {
  try {
    const registryConfig = await openNamed(flags.sourceRegistryConfig, terminal);
    if (registryConfig !== undefined) await checkCredentialFile(registryConfig);
    const tls = await sourceTls(flags, terminal);
    return { tls, registryConfig, credentials: await sourceCredentials(location, flags, terminal) };
  } catch (error) {
    if (!terminal.interrupt.aborted) throw error;
    return { tls: {}, registryConfig: undefined, credentials: () => Promise.reject(error) };
  }
}

/** The server that the index comes from; a folder has none. */
export function serverOf(location: string): URL | undefined {
  return /^https?:/i.test(location) && URL.canParse(location) ? new URL(new URL(location).origin) : undefined;
}

/** How the options give the source's password; a folder has none. */
export function sourcePassword(location: string, flags: SourceFlags): PasswordFlags | undefined {
  const { sourceUsername: username, sourcePasswordFile: passwordFile, sourcePasswordStdin: passwordStdin } = flags;
  const at = serverOf(location)?.host;
  return at === undefined ? undefined : { username, passwordFile, passwordStdin, prefix: "--source-", at };
}

async function sourceCredentials(location: string, flags: SourceFlags, terminal: Terminal): Promise<CredentialProvider | undefined> {
  const password = sourcePassword(location, flags);
  const given = [flags.sourceUsername, flags.sourcePasswordFile, flags.sourcePasswordStdin].some((value) => value !== undefined);
  if (password === undefined && given) throw usage("a folder asks for no password: --source-username and its kin are for http(s) sources");
  const explicit = password === undefined ? undefined : await readCredential(password, terminal);
  return explicit === undefined ? undefined : createCredentialProvider({ explicit, environment: terminal.environment });
}

async function sourceTls(flags: SourceFlags, terminal: Terminal): Promise<TlsOptions> {
  const { sourceCaFile: caFile, sourceCertFile: certFile, sourceKeyFile: keyFile, sourceInsecureSkipTlsVerify: insecure } = flags;
  const given = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(insecure === undefined ? {} : { insecureSkipTlsVerify: insecure }),
  };
  return { ...(await tlsOptions(given, terminal)), optionPrefix: "--source-" };
}
