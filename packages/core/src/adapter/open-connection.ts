import { orderedCredentials } from "../auth/credential-order.ts";
import { systemClock } from "../clock.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { isLoopbackName } from "../http/route/address-rules.ts";
import type { HostTraffic } from "../http/http-client.ts";
import { discoverOrigin } from "../http/route/plain-http.ts";
import type { Timeouts } from "../http/route/routes.ts";
import { isChartferryError } from "../errors.ts";
import type { Connection } from "../store/connection.ts";
import { createHttpConnection } from "../store/http-connection.ts";
import { adapterNamed, chooseAdapter, type ChosenAdapter, probeAnswer } from "./choose-adapter.ts";
import type { AdapterContext, ConnectOptions, ProbeAnswer, RegistryAdapter } from "./registry-adapter.ts";

export interface OpenConnectionOptions extends ConnectOptions {
  /** The adapters to choose from, in order. */
  readonly adapters: readonly RegistryAdapter[];
  /** `--adapter`: no detection. */
  readonly adapter?: string | undefined;
  /** A longer Retry-After fails the request as `rate-limited`. Milliseconds; default 15 minutes. */
  readonly maxWaitMs?: number | undefined;
  /** Connections to one host at a time. Default 16. */
  readonly connections?: number | undefined;
  /** As `HttpClientOptions.timeouts`. */
  readonly timeouts?: Partial<Timeouts> | undefined;
}

type Traffic = Readonly<Record<string, HostTraffic>>;

/**
 * Opens one end's way to a registry: settles http or https, chooses the adapter, binds the end's credentials to this one origin.
 * @throws usage, host-not-found, connection-refused, timeout (from settling the scheme or probing); signing in happens with the first request
 */
export async function openConnection(options: OpenConnectionOptions): Promise<Connection> {
  const known =
    options.adapter === undefined
      ? options.adapters.find((adapter) => adapter.detect(options.registry) !== undefined)
      : adapterNamed(options.adapters, options.adapter);
  if (known?.connect !== undefined) return known.connect(options);
  const registryOrigin = await settleOrigin(options);
  const { chosen, spent } = await choose(options, registryOrigin);
  const { adapter } = chosen;
  const origin = apiOrigin(registryOrigin, adapter.resolve?.(options.registry, "").apiHost);
  const context = adapterContext(options, { origin, chosen });
  return createHttpConnection({ adapter, options, context, spent });
}

/** A host that a server named is not tried out: only servers of this machine may send us to this machine. */
async function settleOrigin(options: OpenConnectionOptions): Promise<URL> {
  const { namedBy, registry } = options;
  if (namedBy === undefined || isLoopbackName(namedBy.hostname)) return discoverOrigin(registry, options);
  return discoverOrigin(registry, { ...options, tryOut: false });
}

function apiOrigin(origin: URL, apiHost: string | undefined): URL {
  return apiHost === undefined || apiHost === origin.host ? origin : new URL(`${origin.protocol}//${apiHost}/`);
}

/**
 * The registry's first answer is only wanted where no host pattern speaks. Its headers tell enough, also those of a 401. Nobody signs in for
 * it: a token service that gives strangers nothing would end the run before the password was ever sent.
 */
async function choose(options: OpenConnectionOptions, origin: URL): Promise<{ chosen: ChosenAdapter; spent: Traffic }> {
  let spent: Traffic = {};
  const probe = async (): Promise<ProbeAnswer | undefined> => {
    const http = createHttpClient(clientOptions(options, origin));
    try {
      const answer = await http.send({
        method: "GET",
        url: new URL("/v2/", origin),
        operation: "look at registry",
        challenges: "refuse",
        signal: options.signal,
      });
      await answer.dump();
      return probeAnswer(answer.status, answer.headers);
    } catch (error) {
      // A registry that fails is reported by the first real request, per version; what cannot be asked twice is reported now, and so is silence:
      // each request would wait as long for it again.
      if (isChartferryError(error) && error.retryable && error.code !== "timeout") return undefined;
      throw error;
    } finally {
      spent = http.traffic();
      await http.close();
    }
  };
  const chosen = await chooseAdapter(options.adapters, options.registry, { name: options.adapter, probe });
  return { chosen, spent };
}

function clientOptions(options: OpenConnectionOptions, origin: URL): Parameters<typeof createHttpClient>[0] {
  const { tls, environment, clock, debug, lookup, namedBy, onPause, stopWaiting, signInOptions, maxWaitMs, connections, timeouts } =
    options;
  return {
    origin,
    environment,
    tls,
    clock,
    debug,
    lookup,
    namedBy,
    onPause,
    stopWaiting,
    signInOptions,
    ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
    ...(connections === undefined ? {} : { connections }),
    ...(timeouts === undefined ? {} : { timeouts }),
  };
}

/** The adapter's context speaks through the client that it serves. */
export function adapterContext(options: OpenConnectionOptions, { origin, chosen }: { origin: URL; chosen: ChosenAdapter }): AdapterContext {
  const { adapter, match } = chosen;
  const { credential, registryConfig, environment } = options;
  const credentials = orderedCredentials({ explicit: credential, registryConfig, environment }, () => adapter.credentials?.(context) ?? {});
  const http = createHttpClient({
    ...clientOptions(options, origin),
    credentials,
    onPassedOver: options.onPassedOver,
    credentialKey: adapter.resolve?.(options.registry, "").credentialKey ?? options.registry,
    tokenRequest: adapter.tokenRequest?.bind(adapter),
    tokenLife: adapter.traits.tokenLife,
    isTokenExpired: adapter.isTokenExpired?.bind(adapter),
    mapError: adapter.mapError?.bind(adapter),
  });
  const context: AdapterContext = {
    http,
    origin,
    registry: options.registry,
    match,
    environment,
    clock: options.clock ?? systemClock,
    options: options.adapterOptions ?? {},
    credential: (repository) => http.credential(repository),
  };
  return context;
}
