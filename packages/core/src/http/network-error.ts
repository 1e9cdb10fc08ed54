import { ChartferryError, isChartferryError } from "../errors.ts";
import { printable } from "../shown-text.ts";
import type { ProxyName } from "./route/choose-proxy.ts";
import { refusedTunnel } from "./route/proxy-refused.ts";
import { type Facts, type Finding, silentTlsFinding, tlsFinding } from "./route/tls-findings.ts";

export interface NetworkErrorContext {
  readonly operation: string;
  readonly url: URL;
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The proxy in between. */
  readonly proxy?: ProxyName | undefined;
  /** This host has answered before. */
  readonly answered?: boolean | undefined;
}

/** What went wrong on the way to a server, told apart by code; the cause is kept, its text cleaned. */
export function networkError(error: unknown, context: NetworkErrorContext): ChartferryError {
  if (isChartferryError(error)) return error;
  const { operation, url, repository, version } = context;
  const where = { operation, registry: url.host, repository, version };
  const { text, ...finding } = context.signal?.aborted === true ? aborted : find(error, context);
  return new ChartferryError(text, { ...where, ...finding, cause: error });
}

/** For an answer that comes byte by byte; repeated as one that stalls. */
export function slowAnswer(
  came: { readonly bytes: number; readonly milliseconds: number },
  { operation, url, repository, version, proxy }: NetworkErrorContext,
): ChartferryError {
  const text = `${hostAt(url, proxy)} answers too slowly: ${came.bytes} bytes in ${Math.round(came.milliseconds / 1000)} s`;
  const where = { operation, registry: url.host, repository, version };
  return new ChartferryError(text, { ...where, code: "timeout", retryable: true, receivedBytes: came.bytes });
}

function hostAt({ host }: URL, proxy: ProxyName | undefined): string {
  return proxy === undefined ? host : `${host} (through the proxy ${proxy.host})`;
}

const aborted: Finding = { code: "aborted", text: "interrupted" };

function find(error: unknown, { url, proxy, answered }: NetworkErrorContext): Finding {
  const code = codeOf(error);
  const message = error instanceof Error ? printable(error.message, 200) : "unknown failure";
  const at = hostAt(url, proxy);
  const refused = proxy === undefined ? undefined : refusedTunnel(proxy, message, { target: url.host, answered: answered === true });
  if (refused !== undefined) return refused;
  const facts = { code, message, at };
  if (answered === true && isUnreachable(code)) return goneFinding(facts);
  return tlsFinding(facts, error) ?? silentTlsFinding(facts, { error, url }) ?? socketFinding(facts);
}

const brokenAnswer = "BROKEN_ANSWER";

/** undici's parser errors often come without a code; those of an early end are a lost connection. */
export function isBrokenAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === "HTTPParserError" && !/EOF/.test(error.message);
}

/** undici wraps neither Node's codes nor OpenSSL's; an AggregateError (several addresses tried) has the first one's. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (isBrokenAnswer(error)) return brokenAnswer;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.cause === undefined ? "" : codeOf(error.cause);
}

function isUnreachable(code: string): boolean {
  return /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|EADDRNOTAVAIL|EACCES)$/.test(code);
}

/** A server that is started anew is away for seconds; one that never answered is most likely not there. */
function goneFinding({ code, at }: Facts): Finding {
  return {
    code: "connection-refused",
    retryable: true,
    text: `${at} has answered before and cannot be reached any more (${code})`,
    hint: "see whether the server still runs, and run it again",
  };
}

const timeouts: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "did not accept a connection in time",
  ETIMEDOUT: "did not accept a connection in time",
  UND_ERR_HEADERS_TIMEOUT: "did not answer in time",
  UND_ERR_BODY_TIMEOUT: "stopped sending in the middle of its answer",
};

function socketFinding({ code, message, at }: Facts): Finding {
  const late = Object.hasOwn(timeouts, code) ? timeouts[code] : undefined;
  if (late !== undefined) return { code: "timeout", retryable: true, text: `${at} ${late}` };
  if (code === "ENOTFOUND")
    return { code: "host-not-found", text: `the host name of ${at} is not known`, hint: "check the spelling, or the name server" };
  if (code === "EAI_AGAIN") return { code: "host-not-found", retryable: true, text: `the name server did not answer for ${at}` };
  if (isUnreachable(code)) {
    return { code: "connection-refused", text: `${at} cannot be reached (${code})`, hint: "check host and port, and that the server runs" };
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW" || code === brokenAnswer) {
    return { code: "protocol-violation", text: `${at} does not answer as an http server should: ${message}` };
  }
  if (code === "UND_ERR_INVALID_ARG") return { code: "protocol-violation", text: `a request to ${at} cannot be sent: ${message}` };
  return { code: "connection-lost", retryable: true, text: `the connection to ${at} broke: ${message}` };
}
