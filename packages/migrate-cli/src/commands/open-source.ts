import { addTraffic, createClassicSource, createHttpClient } from "@chartferry/core";
import type { ChartSource, ClassicSourceOptions, Connection, HostTraffic, HttpClient, TellPause, UrlRewrite } from "@chartferry/core";

import type { CreatedFrom } from "../engine/choose/created-from.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import { type CreatedFlags, givenCreated } from "./created-policy.ts";
import type { SourceFlags } from "./flags.ts";
import { usage } from "./read-password.ts";
import { type DebugFlags, requestLog } from "./request-log.ts";
import { readSignIn, serverOf, type SourceSignIn } from "./read-sign-in.ts";
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
  const { registryConfig, ...signIn } = await readSignIn(location, flags, terminal);
  const http = openHttp(location, { flags, signIn }, terminal);
  const registries = createSourceRegistries(registryConnector(flags, { terminal, namedBy: serverOf(location), registryConfig }));
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

/** A folder gets a client too: its index may name urls. It signs in nowhere. */
function openHttp(location: string, { flags, signIn }: SignedIn, terminal: SourceTerminal): HttpClient {
  const origin = serverOf(location);
  const { environment, onPause, interrupt: stopWaiting } = terminal;
  const { tls, credentials } = signIn;
  const options = { environment, tls, maxWaitMs: flags.maxWait, onPause, stopWaiting, ...requestLog(flags, terminal) };
  if (origin === undefined) return createHttpClient({ ...options, origin: new URL("http://localhost") });
  return createHttpClient({ ...options, origin, basic: "first", credentials });
}

interface SignedIn {
  readonly flags: SourceFlags & ClassicFlags;
  readonly signIn: Omit<SourceSignIn, "registryConfig">;
}

interface Naming extends Pick<SourceSignIn, "registryConfig"> {
  readonly terminal: SourceTerminal;
  readonly namedBy: URL | undefined;
}

/** How to reach a registry that the source's index names: signed in by credential files only, and never with more leave than the index's server. */
function registryConnector(
  { maxWait, ...flags }: SourceFlags & ClassicFlags,
  { terminal, namedBy, registryConfig }: Naming,
): (registry: string) => Promise<Connection> {
  const config = registryConfig === undefined ? {} : { registryConfig };
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
