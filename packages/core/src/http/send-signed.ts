import type { Authorization, Refusal, SignIn } from "../auth/sign-in.ts";
import { ChartferryError } from "../errors.ts";
import { readErrorView, readStart } from "./answer/error-view.ts";
import { withBody } from "./answer/open-answer.ts";
import type { HttpClientOptions } from "./create-http-client.ts";
import type { Attempt, RetryOptions } from "./gate/retry.ts";
import type { HttpAnswer, HttpRequest } from "./http-client.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import { followRedirects } from "./redirects.ts";
import type { Wire, WireRequest } from "./wire.ts";

/** Answers to one request that may lead to another sign-in: nothing → token → renewed token → another credential. */
const signInRounds = 4;

/** What the sending of one client's requests needs. */
export interface ClientParts {
  readonly origin: URL;
  readonly wire: Wire;
  readonly secrets: KnownSecrets;
  readonly signIn: SignIn;
  readonly signInOptions: string | undefined;
  readonly retry: RetryOptions & { readonly attempts: number };
  readonly isTokenExpired: HttpClientOptions["isTokenExpired"];
}

/** Sends one request, and signs in as often as its answers ask for it. */
export async function sendSigned(request: HttpRequest, attempt: Attempt, parts: ClientParts): Promise<HttpAnswer> {
  if (request.url.origin !== parts.origin.origin || request.challenges === "refuse")
    return transfer(request, { attempt, used: undefined }, parts);
  const authorizing = parts.signIn.authorize(request);
  let used = authorizing instanceof Promise ? await unlessAborted(authorizing, request) : authorizing;
  for (let round = 1; ; round++) {
    const answer = await transfer(request, { attempt, used }, parts);
    if (round >= signInRounds || !mayBeRefusal(answer) || answer.url.origin !== parts.origin.origin) return answer;
    const { refused, answer: readable } = await isRefused(answer, request, { used, parts });
    if (refused === undefined) return readable;
    const next = await unlessAborted(parts.signIn.renew(request, { used, expired: refused, answer: readable }), request);
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
): Promise<{ readonly refused: Refusal["expired"] | undefined; readonly answer: HttpAnswer }> {
  const asks = parts.isTokenExpired !== undefined && used?.header !== undefined && (answer.status === 400 || answer.status === 403);
  if (answer.status !== 401 && !asks) return { refused: undefined, answer };
  const copy = withBody(answer, await readStart(answer));
  return { refused: answer.status === 401 ? "no" : await expiryIn(copy, request, parts), answer: copy };
}

/** `undefined` = it refuses for another reason. */
async function expiryIn(
  answer: HttpAnswer,
  { operation }: HttpRequest,
  { isTokenExpired }: ClientParts,
): Promise<Refusal["expired"] | undefined> {
  const view = await readErrorView(answer, operation);
  if (isTokenExpired?.(view) !== true) return undefined;
  return view.text === "" ? "perhaps" : "yes";
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

export function authorizationHeader(value: string | undefined): { authorization?: string } {
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
