import { ChartferryError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { mendCredential } from "../http/answer/error-response.ts";
import { retryAfterMs } from "../http/gate/retry-after.ts";
import { shownUrl } from "../http/redact.ts";

export interface FailureContext {
  readonly operation: string;
  /** What was asked for, for the message: `the index`, `the chart`. */
  readonly what: string;
  /** The code when the server says that it is not there. */
  readonly missing: ErrorCode;
  readonly missingHint?: string | undefined;
}

interface Finding {
  readonly code: ErrorCode;
  readonly says: string;
  readonly retryable?: boolean;
  readonly hint?: string | undefined;
}

/** What an answer other than the one asked for means, in words; the body is read away. Never a retry: the client has done that. */
export async function httpFailure(answer: HttpAnswer, url: URL, context: FailureContext): Promise<ChartferryError> {
  await answer.dump();
  const { says, ...finding } = findingOf(answer, context);
  const via = answer.url.origin === url.origin ? "" : `, after a redirect to ${answer.url.host}`;
  return new ChartferryError(`${shownUrl(url)}: ${says} (status ${answer.status}${via})`, {
    operation: context.operation,
    registry: url.host,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers, Date.now()),
    ...finding,
  });
}

function findingOf({ status, credentialSource }: HttpAnswer, context: FailureContext): Finding {
  if (status === 401) return unauthenticated(context, credentialSource);
  if (status === 403)
    return { code: "denied", says: `${context.what} is refused to us`, hint: "Check that the source's user may read the repository" };
  if (status === 404 || status === 410) return { code: context.missing, says: `${context.what} is not there`, hint: context.missingHint };
  // A proxy of ours has been told apart by the client; this one was put in between by others.
  if (status === 407) return { code: "proxy-refused", says: "a proxy in between asks for a sign-in", hint: "Ask who runs the network" };
  if (status === 429)
    return {
      code: "rate-limited",
      says: "the server asks for fewer requests",
      retryable: true,
      hint: "Lower --concurrency, or run again later",
    };
  if (status >= 500)
    return { code: "unavailable", says: "the server failed", retryable: true, hint: "Run again later: what is done is kept" };
  return { code: "protocol-violation", says: `${context.what} was not answered as expected` };
}

function unauthenticated({ what }: FailureContext, credentialSource: string | undefined): Finding {
  const code = "unauthenticated";
  if (credentialSource !== undefined)
    return {
      code,
      says: `${what} is refused with the credential from ${credentialSource}`,
      hint: mendCredential(credentialSource, "--source-username and --source-password-file"),
    };
  return {
    code,
    says: `${what} asks for a sign-in, and no credential was sent`,
    hint: "Give --source-username and --source-password-file",
  };
}
