import { setMaxListeners } from "node:events";

import type { ErrorView, TlsOptions, TokenRequest } from "../adapter/registry-adapter.ts";
import type { Challenge } from "../auth/challenge.ts";
import type { Credential, CredentialProvider, PassedOver } from "../auth/credential.ts";
import { createSignIn, type SignIn, type SignInOptions } from "../auth/sign-in.ts";
import { type Clock, steadyClock, systemClock } from "../clock.ts";
import type { ErrorDetails } from "../errors.ts";
import { createAddressGuard, type Lookup } from "./route/address-guard.ts";
import type { TellPause } from "./gate/host-pause.ts";
import type { HttpAnswer, VendorClient, VendorRequest } from "./http-client.ts";
import { createKnownSecrets, type KnownSecrets } from "./known-secrets.ts";
import { readWhole } from "./answer/open-answer.ts";
import { followRedirects } from "./redirects.ts";
import { authorizationHeader, type ClientParts, sendSigned } from "./send-signed.ts";
import { createRequestGate } from "./gate/request-gate.ts";
import { repeatedly, waitBeforeRetry } from "./gate/retry.ts";
import { requestRepeats } from "./repeat-policy.ts";
import { createRoutes, type Timeouts } from "./route/routes.ts";
import { loadTlsSettings } from "./route/tls-settings.ts";
import { defaultUserAgent } from "./user-agent.ts";
import { createWire } from "./wire.ts";

export interface HttpClientOptions {
  /** Scheme, host and port of the one registry or repository that this client serves; its credentials go nowhere else. */
  readonly origin: URL;
  readonly tls?: TlsOptions | undefined;
  /** Proxies are taken from it (HTTPS_PROXY, HTTP_PROXY, NO_PROXY); default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: nobody (anonymous). */
  readonly credentials?: CredentialProvider | undefined;
  /** Key in credential files; default: the origin's host and port. */
  readonly credentialKey?: string | undefined;
  /** `first`: Basic goes out with the first request, as Helm does with classic repositories. Default `asked`: only after a challenge. */
  readonly basic?: "first" | "asked";
  readonly tokenRequest?:
    | ((challenge: Challenge, credential: Credential, scopes: readonly string[]) => TokenRequest | undefined)
    | undefined;
  /** See `Traits.tokenLife`. */
  readonly tokenLife?: number | "jwt" | undefined;
  readonly isTokenExpired?: ((view: ErrorView) => boolean) | undefined;
  /** Used for the token service's answers; `errorFromAnswer` takes its own. */
  readonly mapError?: ((view: ErrorView) => Partial<ErrorDetails> | undefined) | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** The server that named this origin, where the user did not: see `ConnectOptions.namedBy`. */
  readonly namedBy?: URL | undefined;
  /** One line per request, without secrets. */
  readonly debug?: ((line: string) => void) | undefined;
  readonly lookup?: Lookup | undefined;
  /** Milliseconds; default 10 s, 60 s, 60 s. */
  readonly timeouts?: Partial<Timeouts>;
  /** Connections to one origin; default 16. */
  readonly connections?: number;
  /** Times that a request is sent at most; default: as `requestRepeats` says. */
  readonly attempts?: number;
  /** For how long one request may be held back in all, by a Retry-After, a pace or behind others; default 15 min. Milliseconds. */
  readonly maxWaitMs?: number;
  /** See `ConnectOptions.onPause`. */
  readonly onPause?: TellPause | undefined;
  /** See `ConnectOptions.stopWaiting`. */
  readonly stopWaiting?: AbortSignal | undefined;
  /** See `ConnectOptions.signInOptions`. */
  readonly signInOptions?: string | undefined;
  /** See `ConnectOptions.onPassedOver`. */
  readonly onPassedOver?: ((passed: PassedOver) => void) | undefined;
  readonly userAgent?: string;
}

const defaultTimeouts: Timeouts = { connectMs: 10_000, headersMs: 60_000, bodyIdleMs: 60_000 };
const defaultMaxWaitMs = 15 * 60_000;

const anonymous: CredentialProvider = () => Promise.resolve({ kind: "anonymous", source: "no credential given" });

/** @throws file-missing, file-unreadable, usage (TLS files, proxy variables) */
export function createHttpClient(options: HttpClientOptions): VendorClient {
  const { origin, clock = systemClock } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const closing = new AbortController();
  // Every call to a token service or a vendor's own may listen: that many are no leak.
  setMaxListeners(0, closing.signal);
  const guard = createAddressGuard({ origin, namedBy: options.namedBy, lookup: options.lookup });
  const routes = createRoutes({
    origin,
    tls: loadTlsSettings(options.tls),
    timeouts,
    connections: options.connections ?? 16,
    environment: options.environment ?? {},
    guard,
  });
  const { random, onPause, stopWaiting, maxWaitMs = defaultMaxWaitMs, attempts = requestRepeats.plain.broken.tries } = options;
  const retry = { clock, random, onPause, stopWaiting, maxWaitMs, attempts };
  const steady = steadyClock(clock);
  const gate = createRequestGate({ ...retry, clock: steady });
  const { userAgent = defaultUserAgent, debug, signInOptions } = options;
  const wire = createWire({ routes, gate, timeouts, clock: steady, userAgent, debug });
  const secrets = createKnownSecrets();
  const call = sendPlain({ wire, retry, secrets, signInOptions }, closing.signal);
  const parts: ClientParts = {
    origin,
    wire,
    secrets,
    retry,
    signInOptions,
    isTokenExpired: options.isTokenExpired,
    signIn: signInAt(origin, { ...options, clock, send: call, credentials: learning(options.credentials ?? anonymous, secrets) }),
  };
  return {
    send: (request) => repeatedly(async (attempt) => readWhole(await sendSigned(request, attempt, parts), request), request, retry),
    call,
    trust: (address) => guard.trust(address),
    hide: (secret) => secrets.learn({ kind: "bearer", token: secret, source: "" }),
    credential: (repository) => parts.signIn.credential(repository),
    pause: (repeat) => waitBeforeRetry(repeat, retry),
    traffic: () => wire.traffic(),
    close: async () => {
      closing.abort();
      gate.close();
      await routes.close();
    },
  };
}

function signInAt(origin: URL, options: HttpClientOptions & Pick<SignInOptions, "clock" | "send" | "credentials">): SignIn {
  const {
    clock,
    send,
    credentials,
    credentialKey = origin.host,
    basic = "asked",
    tokenRequest,
    tokenLife,
    onPassedOver,
    mapError,
  } = options;
  return createSignIn({ origin, clock, send, credentials, credentialKey, basic, tokenRequest, tokenLife, onPassedOver, mapError });
}

function learning(credentials: CredentialProvider, secrets: KnownSecrets): CredentialProvider {
  return async (request) => {
    const credential = await credentials(request);
    secrets.learn(credential);
    return credential;
  };
}

/** For the token service: many requests may wait for one answer, so that none of them gives its signal. */
function sendPlain(
  { wire, retry, secrets, signInOptions }: Pick<ClientParts, "wire" | "retry" | "secrets" | "signInOptions">,
  closing: AbortSignal,
): (request: VendorRequest) => Promise<HttpAnswer> {
  return ({ authorization, ...request }) => {
    const signal = request.signal === undefined ? closing : AbortSignal.any([closing, request.signal]);
    return repeatedly(
      async (attempt) => {
        const headers = { ...request.headers, ...authorizationHeader(authorization) };
        const answer = await followRedirects(wire, { ...request, url: request.url, headers, ...attempt, signal });
        return readWhole({ ...answer, signInOptions, scrub: secrets.scrubber({ ...request, headers }, answer.url) }, request);
      },
      { ...request, signal },
      retry,
    );
  };
}
