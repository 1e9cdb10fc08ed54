import { ChartferryError, isChartferryError } from "../errors.ts";
import type { HttpAnswer, HttpRequest } from "../http/http-client.ts";
import { basicHeader } from "./basic-header.ts";
import type { Challenge } from "./challenge.ts";
import type { Credential, CredentialProvider, PassedOver } from "./credential.ts";
import { type CredentialMemory, type CredentialPlace, createCredentialMemory, identityOf } from "./credential-memory.ts";
import { createKnownChallenges } from "./known-challenges.ts";
import { parseChallenges, preferredChallenge } from "./parse-challenges.ts";
import { chooseScopes, readsOnly } from "./scopes.ts";
import { createTokenCache, type TokenCache } from "./token-cache.ts";
import { hasEnded } from "./token-claims.ts";
import { fetchToken, type TokenServiceOptions, withoutCredential } from "./token-service.ts";

/** An Authorization header and how we came by it. */
export interface Authorization {
  readonly header: string | undefined;
  readonly credential: Credential;
  /** Tells one way of signing in from another: the same key again would give the same answer. */
  readonly key: string;
  /** Just obtained, so that a refusal is no matter of age. */
  readonly fresh: boolean;
  readonly token?: string;
  /** See `Token.givenBy`. */
  readonly givenBy?: string | undefined;
}

/** Signs requests to one registry in. Remembers what it asked for, so that later requests carry their token from the start. */
export interface SignIn {
  /** For a request that was not yet refused; `undefined` = go without. */
  authorize(request: HttpRequest): Promise<Authorization | undefined> | undefined;
  /** For a request that was: another Authorization, or `undefined` when none would help. */
  renew(request: HttpRequest, refusal: Refusal): Promise<Authorization | undefined>;
  /** See `VendorClient.credential`. */
  credential(repository: string | undefined): Promise<Credential>;
}

export interface Refusal {
  readonly answer: Pick<HttpAnswer, "status" | "headers">;
  /** What the refused request carried. */
  readonly used: Authorization | undefined;
  /** The registry spoke of an expired token in another way than by 401; `perhaps` where it said nothing (the answer to a HEAD). */
  readonly expired: "no" | "yes" | "perhaps";
}

export interface SignInOptions extends TokenServiceOptions {
  readonly credentials: CredentialProvider;
  readonly credentialKey: string;
  /** Told once for each that is passed over. */
  readonly onPassedOver?: ((passed: PassedOver) => void) | undefined;
  /** `first`: a Basic credential goes out with the first request (Helm's way with classic repositories). `asked`: only after a challenge. */
  readonly basic: "first" | "asked";
}

/** A classic repository has no token service in Helm's world: one that it names elsewhere would be shown its password. */
function challengesIn({ answer }: Refusal, { basic }: SignInOptions): readonly Challenge[] {
  const challenges = parseChallenges(answer.headers["www-authenticate"] ?? "");
  return basic === "first" ? challenges.filter(({ scheme }) => scheme === "basic") : challenges;
}

interface Parts {
  readonly options: SignInOptions;
  readonly tokens: TokenCache;
  readonly credentials: CredentialMemory;
  /** Sources that were told to be passed over. */
  readonly told: Set<string>;
}

const basicChallenge: Challenge = { scheme: "basic", parameters: {} };

export function createSignIn(options: SignInOptions): SignIn {
  const challenges = createKnownChallenges();
  const parts: Parts = {
    options,
    told: new Set(),
    tokens: createTokenCache(options.clock),
    credentials: createCredentialMemory({ provider: options.credentials, key: options.credentialKey, clock: options.clock }),
  };
  return {
    authorize: (request) => {
      const challenge = challenges.for(request.repository);
      if (challenge !== undefined) return obtain(challenge, request, parts);
      return options.basic === "asked" ? undefined : basicUnasked(request, parts);
    },
    credential: (repository) => parts.credentials.current({ repository, reads: false }),
    renew: async (request, refusal) => {
      const known = challenges.for(request.repository);
      const asked = askedNow(refusal, preferredChallenge(challengesIn(refusal, options)), known);
      if (asked !== undefined) challenges.remember(request.repository, asked);
      const challenge = asked ?? known;
      if (challenge === undefined) return undefined;
      if (refusal.used?.header !== undefined) return again({ ...refusal, used: refusal.used, challenge }, request, parts);
      const authorization = await obtain(challenge, request, parts);
      return authorization.header === undefined ? undefined : authorization;
    },
  };
}

/**
 * Harbor offers Basic alone to whoever shows a token that it refuses, also where that one has expired, or is older than what it was asked for: a new
 * token comes first.
 */
function askedNow({ used }: Refusal, offered: Challenge | undefined, known: Challenge | undefined): Challenge | undefined {
  const isAgedToken = used?.token !== undefined && !used.fresh;
  return isAgedToken && known?.scheme === "bearer" && offered?.scheme === "basic" ? undefined : offered;
}

async function basicUnasked(request: HttpRequest, parts: Parts): Promise<Authorization | undefined> {
  const credential = await parts.credentials.current(placeOf(request));
  return credential.kind === "basic" ? signWith({ challenge: basicChallenge, credential }, request, parts) : undefined;
}

interface Way {
  readonly challenge: Challenge;
  readonly credential: Credential;
}

async function signWith({ challenge, credential }: Way, request: HttpRequest, { options, tokens }: Parts): Promise<Authorization> {
  const identity = identityOf(credential);
  if (challenge.scheme === "basic") return { header: basicHeader(credential), credential, key: `basic ${identity}`, fresh: true };
  if (credential.kind === "bearer") return { header: `Bearer ${credential.token}`, credential, key: `bearer ${identity}`, fresh: true };
  const scopes = chooseScopes(request.scopes ?? [], challenge.parameters["scope"]);
  const key = JSON.stringify([challenge.parameters["realm"], challenge.parameters["service"], scopes.toSorted(), identity]);
  const { token, fresh, givenBy } = await tokens.get(key, () => fetchToken({ challenge, credential, scopes }, options));
  return { header: `Bearer ${token}`, credential, key, fresh, token, givenBy };
}

/** Tries the user's credentials one after the other while the token service refuses them; never sinks to anonymous for a push. */
async function obtain(challenge: Challenge, request: HttpRequest, parts: Parts): Promise<Authorization> {
  return firstThatSigns({ challenge, credential: await parts.credentials.current(placeOf(request)) }, request, parts);
}

async function firstThatSigns(way: Way, request: HttpRequest, parts: Parts): Promise<Authorization> {
  const { challenge } = way;
  let { credential } = way;
  for (;;) {
    try {
      return await signWith({ challenge, credential }, request, parts);
    } catch (error) {
      if (!isChartferryError(error, "unauthenticated", "credentials-expired") || credential.kind === "anonymous") throw error;
      const next = await parts.credentials.next(placeOf(request), credential);
      const expired = error.code === "credentials-expired" || hasEnded(credential, parts.options.clock.now());
      if (next === undefined) throw expired ? expiredCredential(request, credential, error) : error;
      tellPassedOver({ source: credential.source, next: next.source, because: expired ? "expired" : "refused" }, parts);
      credential = next;
    }
  }
}

type RefusedAuthorization = Refusal & { readonly used: Authorization; readonly challenge: Challenge };

/** After a refused Authorization: a renewed token, another credential, or nothing more. */
async function again(refusal: RefusedAuthorization, request: HttpRequest, parts: Parts): Promise<Authorization | undefined> {
  const { used, expired, challenge } = refusal;
  if (lacksRights(refusal, request)) return undefined;
  if (used.token === undefined && expired !== "no") return renewed(refusal, request, parts);
  const aged = forgetAged(refusal, parts);
  if (!aged && used.givenBy !== undefined) throw strange(used.givenBy, request, parts);
  // The credential itself may have ended meanwhile.
  const authorization = await firstThatSigns({ challenge, credential: used.credential }, request, parts);
  // Another realm, service or scope than last time, or a token that had aged: worth a second try.
  if (aged || authorization.key !== used.key) return authorization;
  return used.token === undefined ? replace(refusal, request, parts) : undefined;
}

/** For a credential that goes out as it is. */
async function renewed(refusal: RefusedAuthorization, request: HttpRequest, parts: Parts): Promise<Authorization | undefined> {
  const next = await replace(refusal, request, parts);
  if (next === undefined && refusal.expired === "yes") throw expiredCredential(request, refusal.used.credential);
  return next;
}

function strange(host: string, { operation, repository, version }: HttpRequest, { options }: Parts): ChartferryError {
  return withoutCredential(options.origin, { host, operation, repository, version });
}

/** A token from an earlier request may have been revoked since. */
function forgetAged({ used, expired }: RefusedAuthorization, { tokens }: Parts): boolean {
  if (used.token === undefined || (used.fresh && expired === "no")) return false;
  tokens.forget(used.key, used.token);
  return true;
}

async function replace(
  { used, challenge, expired }: RefusedAuthorization,
  request: HttpRequest,
  parts: Parts,
): Promise<Authorization | undefined> {
  const next = await parts.credentials.next(placeOf(request), used.credential);
  if (next === undefined || (next.kind === "anonymous" && challenge.scheme === "basic")) return undefined;
  tellPassedOver({ source: used.credential.source, next: next.source, because: expired === "no" ? "refused" : "expired" }, parts);
  return signWith({ challenge, credential: next }, request, parts);
}

/** Once for all repositories; a source that renews its own secret is none that is passed over. */
function tellPassedOver(passed: PassedOver, { options, told }: Parts): void {
  if (passed.source === passed.next || told.has(passed.source)) return;
  told.add(passed.source);
  options.onPassedOver?.(passed);
}

/** Only a request that says that it reads a repository may fall back to nobody's rights. */
function placeOf({ repository, scopes = [] }: HttpRequest): CredentialPlace {
  return { repository, reads: scopes.length > 0 && readsOnly(scopes) };
}

/** The registry knows us and refuses all the same, and names no scope that our token was not asked for. */
function lacksRights({ used, challenge }: RefusedAuthorization, request: HttpRequest): boolean {
  if (!used.fresh || challenge.parameters["error"]?.toLowerCase() !== "insufficient_scope") return false;
  const scopes = chooseScopes(request.scopes ?? [], challenge.parameters["scope"]);
  return scopes.every((scope) => used.key.includes(JSON.stringify(scope)));
}

/** `refusal`: what the registry said; its adapter may know how to get a new one. */
function expiredCredential(request: HttpRequest, { source }: Credential, refusal?: ChartferryError): ChartferryError {
  const advice = refusal?.code === "credentials-expired" ? refusal.hint : undefined;
  return new ChartferryError(`the credential from ${source} has expired`, {
    code: "credentials-expired",
    operation: request.operation,
    registry: request.url.host,
    repository: request.repository,
    version: request.version,
    hint: advice ?? "log in again with helm registry login or docker login",
  });
}
