import { ChartferryError, type ErrorDetails, isChartferryError } from "../errors.ts";
import { printable } from "../shown-text.ts";
import { askForHttp, askForHttps } from "./error-hints.ts";

export interface NetworkErrorContext {
  readonly operation: string;
  readonly url: URL;
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Host and port of the proxy in between. */
  readonly proxy?: string | undefined;
}

type Finding = Pick<ErrorDetails, "code" | "retryable" | "hint"> & { readonly text: string };

/** What went wrong on the way to a server, told apart by code; the cause is kept, its text cleaned. */
export function networkError(error: unknown, context: NetworkErrorContext): ChartferryError {
  if (isChartferryError(error)) return error;
  const { operation, url, repository, version } = context;
  const where = { operation, registry: url.host, repository, version };
  const { text, ...finding } = context.signal?.aborted === true ? aborted : find(error, context);
  return new ChartferryError(text, { ...where, ...finding, cause: error });
}

const aborted: Finding = { code: "aborted", text: "interrupted" };

function find(error: unknown, { url, proxy }: NetworkErrorContext): Finding {
  const code = codeOf(error);
  const message = error instanceof Error ? printable(error.message, 200) : "unknown failure";
  const at = proxy === undefined ? url.host : `${url.host} (through the proxy ${proxy})`;
  if (proxy !== undefined && /Proxy response \((\d+)\)|407/.test(message)) return refusedByProxy(proxy, message);
  const facts = { code, message, at };
  const silent = url.protocol === "http:" && code === "UND_ERR_SOCKET" && hungUpAtOnce(error);
  return tlsFinding(facts, error) ?? (silent ? perhapsHttps(at) : socketFinding(facts));
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

function refusedByProxy(proxy: string, message: string): Finding {
  const status = /\((\d{3})\)/.exec(message)?.[1] ?? "407";
  return {
    code: "connection-refused",
    text: `the proxy ${proxy} refused to connect us (status ${status})`,
    hint:
      status === "407"
        ? "put the proxy's user name and password into HTTPS_PROXY (http://user:password@host:port)"
        : "ask who runs the proxy, or name the host in NO_PROXY",
  };
}

interface Facts {
  readonly code: string;
  readonly message: string;
  readonly at: string;
}

type TlsFinding = (facts: Facts) => Finding;

const unknownAuthority: TlsFinding = ({ at }) => ({
  code: "tls",
  text: `the certificate of ${at} is signed by an authority that is not trusted here`,
  hint: "name the authority's certificate with --ca-file (for a source: --source-ca-file)",
});
const outOfDate: TlsFinding = ({ at, code }) => ({
  code: "tls",
  text: `the certificate of ${at} ${code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet"}`,
  hint: "have it renewed, or set this machine's clock right",
});
const plainHttp: TlsFinding = ({ at }) => ({
  code: "plain-http",
  text: `${at} speaks plain http where https was expected`,
  hint: askForHttp,
});

/** Names of OpenSSL's and Node's codes. */
const tlsFindings: ReadonlyMap<string, TlsFinding> = new Map([
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", unknownAuthority],
  ["SELF_SIGNED_CERT_IN_CHAIN", unknownAuthority],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", unknownAuthority],
  ["UNABLE_TO_GET_ISSUER_CERT", unknownAuthority],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", unknownAuthority],
  ["CERT_UNTRUSTED", unknownAuthority],
  ["CERT_SIGNATURE_FAILURE", unknownAuthority],
  ["CERT_HAS_EXPIRED", outOfDate],
  ["CERT_NOT_YET_VALID", outOfDate],
  ["ERR_SSL_WRONG_VERSION_NUMBER", plainHttp],
  ["ERR_SSL_HTTP_REQUEST", plainHttp],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", plainHttp],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    ({ at, message }) => ({
      code: "tls",
      text: `the certificate of ${at} is for another host name: ${message}`,
      hint: "use the name that stands in the certificate",
    }),
  ],
]);

function tlsFinding(facts: Facts, error: unknown): Finding | undefined {
  const { code, message, at } = facts;
  if (isTlsRecord(error)) return { code: "tls", text: `${at} speaks https where http was expected`, hint: askForHttps };
  const known = tlsFindings.get(code)?.(facts);
  if (known !== undefined) return known;
  if (/CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE/.test(code)) {
    return {
      code: "tls",
      text: `${at} refused the TLS handshake (${code})`,
      hint: "it may want a client certificate: --cert-file and --key-file",
    };
  }
  if (!/^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO|EPROTO)/.test(code)) return undefined;
  return { code: "tls", text: `TLS with ${at} failed: ${message}`, hint: "check the server's certificate and --ca-file" };
}

/** The bytes that a TLS server answers to plain text: an alert record, 0x15 0x03. */
function isTlsRecord(error: unknown): boolean {
  if (!(error instanceof Error) || !("data" in error)) return false;
  const data: unknown = error.data;
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data instanceof Uint8Array ? data : new Uint8Array();
  return bytes[0] === 0x15 && bytes[1] === 0x03;
}

/** Many TLS servers answer plain text with nothing at all. Source: undici's SocketError carries what its socket read. */
function hungUpAtOnce(error: unknown): boolean {
  if (!(error instanceof Error) || !("socket" in error)) return false;
  const { socket } = error;
  return typeof socket === "object" && socket !== null && "bytesRead" in socket && socket.bytesRead === 0;
}

function perhapsHttps(at: string): Finding {
  return {
    code: "connection-lost",
    retryable: true,
    text: `${at} closed the connection without an answer`,
    hint: `if it speaks https, ${askForHttps}`,
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
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|EADDRNOTAVAIL|EACCES)$/.test(code)) {
    return { code: "connection-refused", text: `${at} cannot be reached (${code})`, hint: "check host and port, and that the server runs" };
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW" || code === brokenAnswer) {
    return { code: "protocol-violation", text: `${at} does not answer as an http server should: ${message}` };
  }
  if (code === "UND_ERR_INVALID_ARG") return { code: "protocol-violation", text: `a request to ${at} cannot be sent: ${message}` };
  return { code: "connection-lost", retryable: true, text: `the connection to ${at} broke: ${message}` };
}
