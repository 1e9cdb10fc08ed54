import type { ErrorView, TlsOptions, TokenRequest } from "../adapter/registry-adapter.ts";
import type { Challenge } from "../auth/challenge.ts";
import type { Credential, CredentialProvider } from "../auth/credential.ts";
import { type Authorization, createSignIn, type SignIn } from "../auth/sign-in.ts";
import type { SendPlain } from "../auth/token-service.ts";
import { type Clock, steadyClock, systemClock } from "../clock.ts";
import { ChartferryError, type ErrorDetails } from "../errors.ts";
import { createAddressGuard, type Lookup } from "./route/address-guard.ts";
import { readErrorView, readStart } from "./answer/error-view.ts";
import type { TellPause } from "./gate/host-pause.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "./http-client.ts";
import { createKnownSecrets, type KnownSecrets } from "./known-secrets.ts";
import { readWhole, withBody } from "./answer/open-answer.ts";
import { followRedirects } from "./redirects.ts";
import { createRequestGate } from "./gate/request-gate.ts";
import { type Attempt, repeatedly, type RetryOptions, waitBeforeRetry } from "./gate/retry.ts";
import { requestRepeats } from "./repeat-policy.ts";
import { createRoutes, type Timeouts } from "./route/routes.ts";
import { loadTlsSettings } from "./route/tls-settings.ts";
import { defaultUserAgent } from "./user-agent.ts";
import { createWire, type Wire, type WireRequest } from "./wire.ts";

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
  readonly userAgent?: string;
}

const defaultTimeouts: Timeouts = { connectMs: 10_000, headersMs: 60_000, bodyIdleMs: 60_000 };
const defaultMaxWaitMs = 15 * 60_000;

/** Answers to one request that may lead to another sign-in: nothing → token → renewed token → another credential. */
const signInRounds = 4;

const anonymous: CredentialProvider = () => Promise.resolve({ kind: "anonymous", source: "no credential given" });

/** @throws file-missing, file-unreadable, usage (TLS files, proxy variables) */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { origin, clock = systemClock } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const closing = new AbortController();
  const routes = createRoutes({
    origin,
    tls: loadTlsSettings(options.tls),
    timeouts,
    connections: options.connections ?? 16,
    environment: options.environment ?? {},
    guard: createAddressGuard({ origin, namedBy: options.namedBy, lookup: options.lookup }),
  });
  const { random, onPause, stopWaiting, maxWaitMs = defaultMaxWaitMs, attempts = requestRepeats.plain.broken.tries } = options;
  const retry = { clock, random, onPause, stopWaiting, maxWaitMs, attempts };
  const steady = steadyClock(clock);
  const gate = createRequestGate({ ...retry, clock: steady });
  const { userAgent = defaultUserAgent, debug, signInOptions } = options;
  const wire = createWire({ routes, gate, timeouts, clock: steady, userAgent, debug });
  const secrets = createKnownSecrets();
  const parts: ClientParts = {
    origin,
    wire,
    secrets,
    retry,
    signInOptions,
    isTokenExpired: options.isTokenExpired,
    signIn: createSignIn({
      origin,
      clock,
      send: sendPlain({ wire, retry, secrets, signInOptions }, closing.signal),
      credentials: learning(options.credentials ?? anonymous, secrets),
      credentialKey: options.credentialKey ?? origin.host,
      basic: options.basic ?? "asked",
      tokenRequest: options.tokenRequest,
      mapError: options.mapError,
    }),
  };
  return {
    send: (request) => repeatedly(async (attempt) => readWhole(await sendSigned(request, attempt, parts), request), request, retry),
    pause: (repeat) => waitBeforeRetry(repeat, retry),
    traffic: () => wire.traffic(),
    close: async () => {
      closing.abort();
      gate.close();
      await routes.close();
    },
  };
}

interface ClientParts {
  readonly origin: URL;
  readonly wire: Wire;
  readonly secrets: KnownSecrets;
  readonly signIn: SignIn;
  readonly signInOptions: string | undefined;
  readonly retry: RetryOptions & { readonly attempts: number };
  readonly isTokenExpired: HttpClientOptions["isTokenExpired"];
}

function learning(credentials: CredentialProvider, secrets: KnownSecrets): CredentialProvider {
  return async (request) => {
    const credential = await credentials(request);
    secrets.learn(credential);
    return credential;
  };
}

/** For the token service: many requests may wait for one answer, so no single one's signal may cut it off. */
function sendPlain(
  { wire, retry, secrets, signInOptions }: Pick<ClientParts, "wire" | "retry" | "secrets" | "signInOptions">,
  signal: AbortSignal,
): SendPlain {
  return ({ authorization, ...request }) =>
    repeatedly(
      async (attempt) => {
        const headers = { ...request.headers, ...authorizationHeader(authorization) };
        const answer = await followRedirects(wire, { ...request, url: request.url, headers, ...attempt, signal });
        return readWhole({ ...answer, signInOptions, scrub: secrets.scrubber({ ...request, headers }, answer.url) }, request);
      },
      { ...request, signal },
      retry,
    );
}

async function sendSigned(request: HttpRequest, attempt: Attempt, parts: ClientParts): Promise<HttpAnswer> {
  if (request.url.origin !== parts.origin.origin || request.challenges === "refuse")
    return transfer(request, { attempt, used: undefined }, parts);
  const authorizing = parts.signIn.authorize(request);
  let used = authorizing instanceof Promise ? await unlessAborted(authorizing, request) : authorizing;
  for (let round = 1; ; round++) {
    const answer = await transfer(request, { attempt, used }, parts);
    if (round >= signInRounds || !mayBeRefusal(answer) || answer.url.origin !== parts.origin.origin) return answer;
    const { refused, answer: readable } = await isRefused(answer, request, { used, parts });
    if (refused === undefined) return readable;
    const next = await unlessAborted(parts.signIn.renew(request, { used, expired: refused === "expired", answer: readable }), request);
    if (next === undefined) return readable;
    used = next;
  }
}

function mayBeRefusal({ status }: HttpAnswer): boolean {
  return status === 400 || status === 401 || status === 403;
}

/**
 * 401, or what the adapter takes for an expired token. The body is read before anybody signs in: a token service on the registry's own host
 * would otherwise wait for a connection that this very answer holds. The caller gets a copy that it can read again.
 */
async function isRefused(
  answer: HttpAnswer,
  request: HttpRequest,
  { used, parts }: { readonly used: Authorization | undefined; readonly parts: ClientParts },
): Promise<{ readonly refused: "refused" | "expired" | undefined; readonly answer: HttpAnswer }> {
  const asks = parts.isTokenExpired !== undefined && used?.header !== undefined && (answer.status === 400 || answer.status === 403);
  if (answer.status !== 401 && !asks) return { refused: undefined, answer };
  const copy = withBody(answer, await readStart(answer));
  if (answer.status === 401) return { refused: "refused", answer: copy };
  return { refused: parts.isTokenExpired?.(await readErrorView(copy, request.operation)) ? "expired" : undefined, answer: copy };
}

async function transfer(
  request: HttpRequest,
  { used, attempt: { attempt, patience } }: { readonly attempt: Attempt; readonly used: Authorization | undefined },
  { wire, secrets, signInOptions }: ClientParts,
): Promise<HttpAnswer> {
  const headers = { ...request.headers, ...authorizationHeader(used?.header) };
  const outgoing: WireRequest = { ...request, url: withoutUserinfo(request.url), headers, attempt, patience };
  const received = await (request.redirects === "refuse" ? wire.exchange(outgoing) : followRedirects(wire, outgoing));
  const answer = Object.assign(received, { signInOptions, scrub: secrets.scrubber(outgoing, received.url) });
  return used?.header === undefined || used.credential.kind === "anonymous"
    ? answer
    : { ...answer, credentialSource: used.credential.source };
}

function withoutUserinfo(url: URL): URL {
  if (url.username === "" && url.password === "") return url;
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  return plain;
}

function authorizationHeader(value: string | undefined): { authorization?: string } {
  return value === undefined ? {} : { authorization: value };
}

/** A token that several requests wait for goes on for the others when one of them gives up. */
function unlessAborted<T>(work: Promise<T>, { signal, operation, url }: HttpRequest): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void =>
      reject(new ChartferryError("interrupted", { code: "aborted", operation, registry: url.host, cause: signal.reason }));
    if (signal.aborted) stop();
    // Taken off by name: a controller of its own for every request would make an error with a stack for each of them.
    else signal.addEventListener("abort", stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
