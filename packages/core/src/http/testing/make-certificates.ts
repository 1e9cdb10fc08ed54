import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

import { parseIpv6 } from "../route/parse-ipv6.ts";

export interface Authority {
  /** PEM. */
  readonly cert: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface Certificate {
  /** PEM, without the authority's. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface LeafOptions {
  readonly authority: Authority;
  /** DNS names and IP addresses. Default: localhost, 127.0.0.1, ::1. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const hour = 3_600_000;

/** A certificate authority for one test; written here because not every machine has openssl. */
export function makeAuthority(name = "chartferry test authority"): Authority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const usage = extension("551d0f", bitString(Buffer.from([0x06]), 1), true);
  const constraints = extension("551d13", sequence(boolean(true)), true);
  const cert = certificate({ subject: name, issuer: name, publicKey, signer: privateKey, extensions: [constraints, usage], ...span({}) });
  return { cert, name, privateKey };
}

/** A server's (or client's) certificate signed by an authority. */
export function makeCertificate(options: LeafOptions): Certificate {
  const { authority, hosts = ["localhost", "127.0.0.1", "::1"] } = options;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const names = sequence(
    ...hosts.map((host) => (isIP(host) === 0 ? tagged(0x82, Buffer.from(host, "ascii")) : tagged(0x87, addressBytes(host)))),
  );
  const cert = certificate({
    subject: hosts[0] ?? "nobody",
    issuer: authority.name,
    publicKey,
    signer: authority.privateKey,
    extensions: [extension("551d11", names, false)],
    ...span(options),
  });
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function span({ notBefore, notAfter }: { readonly notBefore?: Date; readonly notAfter?: Date }): { notBefore: Date; notAfter: Date } {
  return { notBefore: notBefore ?? new Date(Date.now() - hour), notAfter: notAfter ?? new Date(Date.now() + 24 * hour) };
}

function addressBytes(host: string): Buffer {
  const groups = parseIpv6(host);
  if (groups === undefined) return Buffer.from(host.split(".").map(Number));
  return Buffer.from(groups.flatMap((group) => [group >>> 8, group & 255]));
}

interface CertificateParts {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** X.509 version 3 with ECDSA and SHA-256. Source: RFC 5280 section 4.1. */
function certificate(parts: CertificateParts): string {
  const algorithm = sequence(objectId("2a8648ce3d040302"));
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(parts.issuer),
    sequence(time(parts.notBefore), time(parts.notAfter)),
    distinguishedName(parts.subject),
    parts.publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign("sha256", body, parts.signer);
  const der = sequence(body, algorithm, bitString(signature, 0));
  return `-----BEGIN CERTIFICATE-----\n${(der.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;
}

function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >>> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(0x30, ...items);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 255 : 0]));
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function bitString(bytes: Buffer, unusedBits: number): Buffer {
  return tagged(0x03, Buffer.from([unusedBits]), bytes);
}

function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(date.toISOString().replace(/\.\d+|[-:T]/g, ""), "ascii"));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId("550403"), tagged(0x0c, Buffer.from(commonName, "utf8")))));
}

function extension(id: string, value: Buffer, critical: boolean): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), tagged(0x04, value));
}
