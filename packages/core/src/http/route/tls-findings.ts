import type { ErrorDetails } from "../../errors.ts";
import { askForHttp, askForHttps, giveCertificate, perhapsCertificate } from "../answer/error-hints.ts";

export type Finding = Pick<ErrorDetails, "code" | "retryable" | "hint"> & { readonly text: string };

export interface Facts {
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

/** What a failure says of TLS; `undefined` = nothing. */
export function tlsFinding(facts: Facts, error: unknown): Finding | undefined {
  const { code, message, at } = facts;
  if (isTlsRecord(error)) return { code: "tls", text: `${at} speaks https where http was expected`, hint: askForHttps };
  const known = tlsFindings.get(code)?.(facts);
  if (known !== undefined) return known;
  if (/CERTIFICATE_REQUIRED/.test(code)) return { code: "tls", text: `${at} asks for a client certificate`, hint: giveCertificate };
  if (/ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED)/.test(code)) {
    return { code: "tls", text: `${at} refused the TLS handshake (${code})`, hint: perhapsCertificate };
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

/**
 * A connection that ended before a byte of an answer: with plain text, a TLS server that says nothing; with TLS, perhaps one that
 * dislikes our client certificate, or misses one, and says so by hanging up. Either may also be an accident, so it stays repeatable.
 */
export function silentTlsFinding({ code, at }: Facts, { error, url }: { readonly error: unknown; readonly url: URL }): Finding | undefined {
  const cutOff = error instanceof Error && /before secure TLS connection was established/.test(error.message);
  if (!cutOff && !(code === "UND_ERR_SOCKET" && hungUpAtOnce(error))) return undefined;
  const hint = url.protocol === "http:" ? `if it speaks https, ${askForHttps}` : perhapsCertificate;
  return { code: "connection-lost", retryable: true, text: `${at} closed the connection without an answer`, hint };
}
