import { addTraffic, checkCredentialFile, createClassicSource, createCredentialProvider, createHttpClient } from "@chartferry/core";
import type {
  ChartSource,
  ClassicSourceOptions,
  Connection,
  CredentialProvider,
  HostTraffic,
  HttpClient,
  TellPause,
  UrlRewrite,
} from "@chartferry/core";

import type { CreatedFrom } from "../engine/choose/created-from.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import { type CreatedFlags, givenCreated } from "./created-policy.ts";
import type { SourceFlags } from "./flags.ts";
import { tlsOptions } from "./open-targets.ts";
import { type PasswordFlags, readCredential, usage } from "./read-password.ts";
import { type DebugFlags, requestLog } from "./request-log.ts";
import { createSourceRegistries } from "./source-registries.ts";

/** What is said of the charts of a classic repository. */
export interface ClassicFlags extends DebugFlags, CreatedFlags {
  readonly provenance: NonNullable<ClassicSourceOptions["provenance"]>;
  readonly urlRewrite?: readonly UrlRewrite[];
  readonly allowMissingDigest?: boolean;
  readonly maxWait: number;
}

/** The outside as a source sees it. */
export interface SourceTerminal extends Terminal {
  /** `--created-from`. */
  readonly createdFrom?: CreatedFrom | undefined;
  /** Told of every server that holds us back. */
  readonly onPause?: TellPause | undefined;
}

export interface OpenedSource {
  readonly source: ChartSource;
  /** What crossed the wire to the source so far. */
  readonly traffic: () => Readonly<Record<string, HostTraffic>>;
}

/** Opens a classic repository with its own credentials and TLS: nothing of the targets' reaches it. @throws usage, file-missing … */
export async function openSource(location: string, flags: SourceFlags & ClassicFlags, terminal: SourceTerminal): Promise<OpenedSource> {
  if (location.startsWith("oci://") || location.startsWith("oci-layout:")) {
    throw usage("a registry cannot be a source yet", "name a classic repository: http(s)://… or a folder");
  }
  const createdPolicy = givenCreated(flags, terminal);
  if (flags.sourceRegistryConfig !== undefined) await checkCredentialFile(flags.sourceRegistryConfig);
  const http = await openHttp(location, flags, terminal);
  const registries = createSourceRegistries(registryConnector(flags, { terminal, namedBy: serverOf(location) }));
  const { urlRewrite: urlRewrites, allowMissingDigest, provenance } = flags;
  const source = createClassicSource({
    location,
    http,
    urlRewrites,
    allowMissingDigest,
    provenance,
    openRegistry: registries.open,
    created: { ...createdPolicy, keptFor: terminal.createdFrom },
  });
  return {
    source: { ...source, close: async () => void (await Promise.all([source.close(), registries.close()])) },
    traffic: () => addTraffic([registries.traffic(), http.traffic()]),
  };
}

/** The server that the index comes from; a folder has none. */
function serverOf(location: string): URL | undefined {
  return /^https?:/i.test(location) && URL.canParse(location) ? new URL(new URL(location).origin) : undefined;
}

/** A folder gets a client too: its index may name urls. It signs in nowhere. */
async function openHttp(location: string, flags: SourceFlags & ClassicFlags, terminal: SourceTerminal): Promise<HttpClient> {
  const origin = serverOf(location);
  const { environment, onPause, interrupt: stopWaiting } = terminal;
  const options = { environment, tls: sourceTls(flags), maxWaitMs: flags.maxWait, onPause, stopWaiting, ...requestLog(flags, terminal) };
  const { sourceUsername, sourcePasswordFile, sourcePasswordStdin } = flags;
  if (origin === undefined) {
    const given = [sourceUsername, sourcePasswordFile, sourcePasswordStdin].some((value) => value !== undefined);
    if (given) throw usage("a folder asks for no password: --source-username and its kin are for http(s) sources");
    return createHttpClient({ ...options, origin: new URL("http://localhost") });
  }
  return createHttpClient({ ...options, origin, basic: "first", credentials: await sourceCredentials(location, flags, terminal) });
}

/** How the options give the source's password; a folder has none. */
export function sourcePassword(location: string, flags: SourceFlags): PasswordFlags | undefined {
  const { sourceUsername: username, sourcePasswordFile: passwordFile, sourcePasswordStdin: passwordStdin } = flags;
  const at = serverOf(location)?.host;
  return at === undefined ? undefined : { username, passwordFile, passwordStdin, prefix: "--source-", at };
}

/** An interrupted run still says what it was asked: it sends nothing. */
async function sourceCredentials(location: string, flags: SourceFlags, terminal: Terminal): Promise<CredentialProvider | undefined> {
  const password = sourcePassword(location, flags);
  try {
    const explicit = password === undefined ? undefined : await readCredential(password, terminal);
    return explicit === undefined ? undefined : createCredentialProvider({ explicit, environment: terminal.environment });
  } catch (error) {
    if (!terminal.interrupt.aborted) throw error;
    return () => Promise.reject(error);
  }
}

function sourceTls(flags: SourceFlags): ReturnType<typeof tlsOptions> {
  const { sourceCaFile: caFile, sourceCertFile: certFile, sourceKeyFile: keyFile, sourceInsecureSkipTlsVerify: insecure } = flags;
  const options = tlsOptions({
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(insecure === undefined ? {} : { insecureSkipTlsVerify: insecure }),
  });
  return { ...options, optionPrefix: "--source-" };
}

/** How to reach a registry that the source's index names: signed in by credential files only, and never with more leave than the index's server. */
function registryConnector(
  { sourceRegistryConfig, maxWait, ...flags }: SourceFlags & ClassicFlags,
  { terminal, namedBy }: { readonly terminal: SourceTerminal; readonly namedBy: URL | undefined },
): (registry: string) => Promise<Connection> {
  const config = sourceRegistryConfig === undefined ? {} : { registryConfig: sourceRegistryConfig };
  return (registry) =>
    connectRegistry({
      end: "source",
      registry,
      environment: terminal.environment,
      signal: terminal.abort,
      maxWaitMs: maxWait,
      onPause: terminal.onPause,
      stopWaiting: terminal.interrupt,
      namedBy,
      signInOptions: "--source-registry-config",
      ...requestLog(flags, terminal),
      ...config,
    });
}
