import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** PEM files of a certificate authority of one test run and of what it signed. */
export interface TestCertificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** For mutual TLS: signed by the same authority. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

/**
 * A fresh authority, a server certificate for 127.0.0.1 and `names`, and a client certificate, written into `directory`.
 * Made here (X.509 v3, ECDSA P-256) because openssl may be absent, and so that no private key needs to be committed.
 */
export function makeCertificates(directory: string, names: readonly string[] = ["localhost"]): TestCertificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signWith = { issuer: "chartferry test authority", key: authority.privateKey };
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const issue = (subject: string, extensions: readonly Buffer[], label: string): { cert: string; key: string } => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const cert = file(`${label}.pem`, certificate({ ...signWith, subject, publicKey, extensions }));
    return { cert, key: file(`${label}-key.pem`, privateKey.export({ type: "pkcs8", format: "pem" }).toString()) };
  };
  const authorityUses = extension("551d13", true, sequence(Buffer.from("0101ff", "hex")));
  const caFile = file(
    "ca.pem",
    certificate({ ...signWith, subject: signWith.issuer, publicKey: authority.publicKey, extensions: [authorityUses] }),
  );
  const server = issue("127.0.0.1", [alternativeNames(names), extendedUse("2b06010505070301")], "server");
  const client = issue("chartferry test client", [extendedUse("2b06010505070302")], "client");
  return { caFile, certFile: server.cert, keyFile: server.key, clientCertFile: client.cert, clientKeyFile: client.key };
}

interface CertificateFacts {
  readonly issuer: string;
  readonly key: KeyObject;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/** RFC 5280 section 4.1. */
function certificate({ issuer, key, subject, publicKey, extensions }: CertificateFacts): string {
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(15)]);
  const validity = sequence(tagged(0x17, Buffer.from("200101000000Z")), tagged(0x18, Buffer.from("20990101000000Z")));
  const body = sequence(
    tagged(0xa0, Buffer.from("020102", "hex")),
    tagged(0x02, serial),
    ECDSA_WITH_SHA256,
    commonName(issuer),
    validity,
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", body, key);
  const whole = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId("550403"), tagged(0x0c, Buffer.from(name)))));
}

function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) => tagged(0x82, Buffer.from(name)));
  return extension("551d11", false, sequence(...entries, tagged(0x87, Buffer.from([127, 0, 0, 1]))));
}

function extendedUse(purpose: string): Buffer {
  return extension("551d25", false, sequence(objectId(purpose)));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? Buffer.from("0101ff", "hex") : Buffer.alloc(0);
  return sequence(objectId(id), flag, tagged(0x04, value));
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** DER tag, length, value; lengths to 65,535. */
function tagged(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const short = [tag, length];
  const middle = [tag, 0x81, length];
  const long = [tag, 0x82, Math.floor(length / 256), length % 256];
  return Buffer.concat([Buffer.from(length < 0x80 ? short : length < 0x100 ? middle : long), value]);
}
