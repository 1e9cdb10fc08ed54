import type { ErrorView, TokenRequest } from "../adapter/registry-adapter.ts";
import type { Clock } from "../clock.ts";
import { ChartferryError, type ErrorDetails, withContext } from "../errors.ts";
import { errorFromAnswer } from "../http/answer/error-response.ts";
import type { HttpAnswer, VendorClient } from "../http/http-client.ts";
import { quote } from "../shown-text.ts";
import { basicHeader } from "./basic-header.ts";
import type { Challenge } from "./challenge.ts";
import type { Credential } from "./credential.ts";
import { checkRealm } from "./realm-rules.ts";
import { lifeInToken } from "./token-claims.ts";

export interface Token {
  readonly token: string;
  /** Milliseconds since 1970, from when it is renewed: somewhat before it expires. */
  readonly renewAt: number;
  /** The host that gave it without having seen our credential, for the token service had sent us away to it. */
  readonly givenBy?: string;
}

export interface TokenServiceOptions {
  /** Scheme, host and port of the registry. */
  readonly origin: URL;
  readonly send: VendorClient["call"];
  readonly clock: Clock;
  readonly tokenRequest?:
    | ((challenge: Challenge, credential: Credential, scopes: readonly string[]) => TokenRequest | undefined)
    | undefined;
  /** See `Traits.tokenLife`. */
  readonly tokenLife?: number | "jwt" | undefined;
  readonly mapError?: ((view: ErrorView) => Partial<ErrorDetails> | undefined) | undefined;
}

export interface TokenWish {
  readonly challenge: Challenge;
  readonly credential: Credential;
  readonly scopes: readonly string[];
}

/** As oras-go. Bytes. */
const replyLimit = 128 * 1024;
/** Default and least life of a token; shorter ones are clamped as Docker's clients do. Seconds. Source: distribution's token documentation. */
const shortestLife = 60;
const longestLife = 30 * 24 * 3600;
const clientId = "chartferry";

/** Asks the token service once, or twice where it knows no POST. @throws unauthenticated, denied, redirect-refused, protocol-violation … */
export async function fetchToken(wish: TokenWish, options: TokenServiceOptions): Promise<Token> {
  const started = options.clock.now();
  const { asked, answer } = await askFor(wish, options);
  if (answer.status === 401 && isStranger(answer, asked)) {
    await answer.dump();
    throw withoutCredential(options.origin, { host: answer.url.host, operation: "sign in" });
  }
  if (answer.status !== 200) throw await refusal(answer, wish, options);
  const givenBy = isStranger(answer, asked) ? { givenBy: answer.url.host } : {};
  return { ...readToken(await answer.bytes(replyLimit), started, options), ...givenBy };
}

interface Asked {
  readonly asked: TokenRequest;
  readonly answer: HttpAnswer;
}

async function askFor(wish: TokenWish, options: TokenServiceOptions): Promise<Asked> {
  const custom = options.tokenRequest?.(wish.challenge, wish.credential, wish.scopes);
  const asked = custom ?? defaultRequest(wish, options.origin);
  const answer = await ask(asked, options);
  if (custom !== undefined || asked.method !== "POST" || (answer.status !== 404 && answer.status !== 405)) return { asked, answer };
  await answer.dump();
  const plain = getRequest(wish, options.origin);
  return { asked: plain, answer: await ask(plain, options) };
}

function ask(request: TokenRequest, { origin, send }: TokenServiceOptions): Promise<HttpAnswer> {
  checkRealm(request.url, origin);
  const { method, url, authorization } = request;
  const common = { method, url, operation: "sign in", authorization, wholeBytes: replyLimit };
  const accept = "application/json";
  if (request.form === undefined) return send({ ...common, headers: { accept } });
  return send({
    ...common,
    headers: { accept, "content-type": "application/x-www-form-urlencoded" },
    body: new TextEncoder().encode(new URLSearchParams(request.form).toString()),
  });
}

/** GET with Basic or without anything; POST only to exchange a refresh token (GHCR and others know no POST). */
function defaultRequest(wish: TokenWish, origin: URL): TokenRequest {
  if (wish.credential.kind !== "refresh") return getRequest(wish, origin);
  const service = wish.challenge.parameters["service"];
  const form = {
    grant_type: "refresh_token",
    client_id: clientId,
    refresh_token: wish.credential.refreshToken,
    ...(service === undefined ? {} : { service }),
    ...(wish.scopes.length === 0 ? {} : { scope: wish.scopes.join(" ") }),
  };
  return { method: "POST", url: realmOf(wish.challenge, origin), form };
}

function getRequest({ challenge, credential, scopes }: TokenWish, origin: URL): TokenRequest {
  const url = realmOf(challenge, origin);
  const service = challenge.parameters["service"];
  if (service !== undefined && service !== "") url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const authorization = basicHeader(credential);
  return { method: "GET", url, ...(authorization === undefined ? {} : { authorization }) };
}

function realmOf(challenge: Challenge, origin: URL): URL {
  const realm = challenge.parameters["realm"] ?? "";
  if (!URL.canParse(realm)) throw unusableRealm(realm, origin);
  const url = new URL(realm);
  url.hash = "";
  return url;
}

function unusableRealm(realm: string, origin: URL): ChartferryError {
  const what = realm === "" ? "names no token service" : `names ${quote(realm)} as its token service, which is no address`;
  return new ChartferryError(`the sign-in that ${origin.host} asks for cannot be used, and no credential was sent: it ${what}`, {
    code: "protocol-violation",
    operation: "sign in",
    registry: origin.host,
    hint: "have whoever runs the registry correct the realm of its token service, or let it offer Basic",
  });
}

/** Whether the credential stayed with the token service while another host answered. */
function isStranger(answer: HttpAnswer, { url, authorization }: TokenRequest): boolean {
  return authorization !== undefined && answer.url.origin !== url.origin;
}

/** A refusal that is no word on the credential: who refuses, or who gave the token that is refused, has not seen it. */
export function withoutCredential(
  origin: URL,
  { host, ...place }: { readonly host: string } & Pick<ErrorDetails, "operation" | "repository" | "version">,
): ChartferryError {
  const text = `the token service of ${origin.host} sends us away to ${host}, where passwords do not go; what is given there without one does not suffice`;
  return new ChartferryError(text, {
    ...place,
    code: "redirect-refused",
    registry: origin.host,
    hint: `have whoever runs the registry name ${host} itself as its token service`,
  });
}

async function refusal(answer: HttpAnswer, { credential, scopes }: TokenWish, options: TokenServiceOptions): Promise<ChartferryError> {
  const error = await errorFromAnswer(answer, {
    operation: "sign in",
    registry: options.origin.host,
    repository: repositoryOf(scopes),
    credentialSource: credential.kind === "anonymous" ? undefined : credential.source,
    username: credential.kind === "basic" ? credential.username : undefined,
    mapError: options.mapError,
    asksToken: true,
  });
  return withContext(error, { hint: "log in again with helm registry login or docker login" });
}

function repositoryOf(scopes: readonly string[]): string | undefined {
  return /^repository:(.+):[^:/]+$/.exec(scopes[0] ?? "")?.[1];
}

function readToken(bytes: Uint8Array, started: number, { origin, tokenLife }: TokenServiceOptions): Token {
  const reply = parseReply(bytes, origin);
  const token = [reply.get("token"), reply.get("access_token")].find((value): value is string => typeof value === "string" && value !== "");
  if (token === undefined) throw badReply(origin, "the token service answered without a token");
  // Anything else could break out of the header line.
  if (!/^[\x21-\x7e]+$/.test(token)) throw badReply(origin, "the token service answered with a token that no header can carry");
  const stated = Number(reply.get("expires_in") ?? usualLife(token, tokenLife));
  const life = Math.max(shortestLife, Number.isFinite(stated) ? Math.min(stated, longestLife) : shortestLife);
  return { token, renewAt: started + (life - Math.min(60, life / 4)) * 1000 };
}

/** Of a token whose reply says nothing. Seconds. */
function usualLife(token: string, tokenLife: TokenServiceOptions["tokenLife"]): number {
  return tokenLife === "jwt" ? lifeInToken(token) : (tokenLife ?? Number.NaN);
}

function parseReply(bytes: Uint8Array, origin: URL): ReadonlyMap<string, unknown> {
  let reply: unknown;
  try {
    reply = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw badReply(origin, "the token service answered something that is not JSON", cause);
  }
  if (typeof reply !== "object" || reply === null) throw badReply(origin, "the token service answered something that is not a JSON object");
  return new Map(Object.entries(reply));
}

function badReply(origin: URL, text: string, cause?: unknown): ChartferryError {
  return new ChartferryError(text, { code: "protocol-violation", operation: "sign in", registry: origin.host, cause });
}
