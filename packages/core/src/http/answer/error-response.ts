import type { ErrorView } from "../../adapter/registry-adapter.ts";
import { preferredChallenge, parseChallenges } from "../../auth/parse-challenges.ts";
import { ChartferryError, type ErrorCode, type ErrorDetails } from "../../errors.ts";
import { printable } from "../../shown-text.ts";
import { codeOf } from "./error-codes.ts";
import { giveCredential, hints } from "./error-hints.ts";
import { readErrorView, spokenText } from "./error-view.ts";
import type { HttpAnswer } from "../http-client.ts";
import { isRepeatableStatus } from "../gate/repeatable-status.ts";
import { retryAfterMs } from "../gate/retry-after.ts";

export interface ErrorContext {
  readonly operation: string;
  /** Default: the answer's host. */
  readonly registry?: string | undefined;
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  /** Where the refused credential was found; default: what the answer knows. */
  readonly credentialSource?: string | undefined;
  /** The user whom a token service was given with a password. */
  readonly username?: string | undefined;
  /** See `ConnectOptions.signInOptions`; default: what the answer knows. */
  readonly signInOptions?: string | undefined;
  /** A token service, which was asked with what there is: it need not say how to sign in. Default: false. */
  readonly asksToken?: boolean;
  /** The adapter's more exact reading. */
  readonly mapError?: ((view: ErrorView) => Partial<ErrorDetails> | undefined) | undefined;
}

const retryableCodes = new Set<ErrorCode>(["rate-limited", "unavailable", "timeout", "upload-lost"]);

/** The error that an unexpected answer stands for; reads its body (at most 64 KiB). */
export async function errorFromAnswer(answer: HttpAnswer, context: ErrorContext): Promise<ChartferryError> {
  return errorFromView(await readErrorView(answer, context.operation), {
    ...context,
    registry: context.registry ?? answer.url.host,
    credentialSource: context.credentialSource ?? answer.credentialSource,
    signInOptions: context.signInOptions ?? answer.signInOptions,
  });
}

/** The same for an answer whose body has been read already. */
function errorFromView(view: ErrorView, context: ErrorContext): ChartferryError {
  const { repository, credentialSource, username } = context;
  const mapped = context.mapError?.({ ...view, repository, username, signedIn: credentialSource !== undefined }) ?? {};
  const code = mapped.code ?? refined(codeOf(view), view, context);
  const wait = retryAfterMs(view.headers, Date.now());
  return new ChartferryError(messageFor(view, code, context), {
    operation: context.operation,
    registry: context.registry,
    repository: context.repository,
    version: context.version,
    status: view.status,
    retryAfterMs: wait,
    retryable: mapped.code === undefined ? isRetryable(code, view.status) : retryableCodes.has(code),
    hint: hintFor(code, view, context),
    ...mapped,
    code,
  });
}

/** A credential goes out only where one is asked for in a way that is known here: giving another one would change nothing. */
function hintFor(code: ErrorCode, view: ErrorView, context: ErrorContext): string | undefined {
  const { credentialSource, signInOptions, asksToken = false } = context;
  if (code !== "unauthenticated") return hints[code];
  if (credentialSource !== undefined) return mendCredential(credentialSource, signInOptions);
  if (view.status !== 401 || asksToken) return giveCredential(signInOptions);
  const challenges = parseChallenges(view.headers["www-authenticate"] ?? "");
  if (preferredChallenge(challenges) !== undefined) return giveCredential(signInOptions);
  if (challenges.length === 0)
    return "it does not say how to sign in (no WWW-Authenticate), so that no credential is sent: check the address";
  const schemes = printable([...new Set(challenges.map(({ scheme }) => scheme))].join(", "), 80);
  return `it takes ${schemes} only, which is not spoken here, so that no credential is sent: ask for Basic or a token service`;
}

/** An option's own, or one that a file or a helper keeps. */
export function mendCredential(source: string, options = "--username and --password-stdin"): string {
  if (source.startsWith("--")) return `check the user and the password that ${source} gives`;
  return `what ${source} holds is wrong or no longer valid: log in again with helm registry login or docker login, or give ${options}`;
}

function isRetryable(code: ErrorCode, status: number): boolean {
  return retryableCodes.has(code) && (isRepeatableStatus(status) || code === "upload-lost");
}

/** A 401 that speaks of scope comes after a successful sign-in: the rights are missing, not the identity, unless nobody had one. */
function refined(code: ErrorCode, view: ErrorView, { credentialSource }: ErrorContext): ErrorCode {
  if (view.status !== 401) return code;
  const challenge = preferredChallenge(parseChallenges(view.headers["www-authenticate"] ?? ""));
  if (challenge?.parameters["error"]?.toLowerCase() === "insufficient_scope") return credentialSource === undefined ? code : "denied";
  return credentialSource !== undefined && view.errors.some((error) => error.code === "DENIED") ? "denied-or-missing" : code;
}

function messageFor(view: ErrorView, code: ErrorCode, context: ErrorContext): string {
  const said = spokenText(view);
  const refused =
    code === "unauthenticated" && context.credentialSource !== undefined
      ? ` and refuses the credential from ${context.credentialSource}`
      : "";
  const place = [context.repository, context.version].filter((part) => part !== undefined && part !== "").join(" ");
  const subject = `${context.operation}${place === "" ? "" : ` (${place})`}`;
  return `${subject}: ${context.registry ?? "the server"} answers ${view.status}${refused}${said === "" ? "" : `: ${said}`}`;
}
