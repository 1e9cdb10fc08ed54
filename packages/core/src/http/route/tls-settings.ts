import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";

import type { TlsOptions } from "../../adapter/registry-adapter.ts";
import { ChartferryError, isChartferryError, type ErrorCode } from "../../errors.ts";
import { type NamedFile, pathOf } from "../../named-file.ts";

/** What a TLS connection needs; `ca` replaces the system's roots, as Helm's `--ca-file` does. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

/** A certificate file of a company's bundle has some hundred KiB. */
const fileLimit = 8 * 1024 * 1024;
const pemBlock = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Reads and checks the files. @throws file-missing, file-unreadable, usage; the message names the file */
export function loadTlsSettings(options: TlsOptions = {}): TlsSettings {
  const { caFile, certFile, keyFile, insecureSkipVerify = false, optionPrefix = "--" } = options;
  if ((certFile === undefined) !== (keyFile === undefined)) throw half(certFile === undefined, optionPrefix);
  const identity = certFile === undefined || keyFile === undefined ? {} : loadIdentity(certFile, keyFile);
  return {
    ...(caFile === undefined ? {} : { ca: loadCertificates(caFile, "CA") }),
    ...identity,
    rejectUnauthorized: !insecureSkipVerify,
  };
}

function loadIdentity(certFile: NamedFile, keyFile: NamedFile): { cert: string; key: string } {
  const cert = loadCertificates(certFile, "client");
  const key = readText(keyFile);
  try {
    createPrivateKey(key);
  } catch (cause) {
    throw fileError(`${pathOf(keyFile)} holds no private key that can be read (PEM without a passphrase)`, "file-unreadable", cause);
  }
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw fileError(`the key in ${pathOf(keyFile)} does not belong to the certificate in ${pathOf(certFile)}`, "file-unreadable", cause);
  }
  return { cert, key };
}

function loadCertificates(file: NamedFile, kind: "CA" | "client"): string {
  const text = readText(file);
  const blocks = text.match(pemBlock);
  if (blocks === null) throw fileError(`${pathOf(file)} holds no ${kind} certificate in PEM form`, "file-unreadable");
  try {
    for (const block of blocks) parseCertificate(block);
  } catch (cause) {
    throw fileError(`${pathOf(file)} holds a damaged ${kind} certificate`, "file-unreadable", cause);
  }
  return text;
}

function parseCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem.replaceAll(/(TRUSTED |X509 )CERTIFICATE/g, "CERTIFICATE"));
}

function readText(file: NamedFile): string {
  if (typeof file !== "string") return file.text;
  try {
    // Nobody may ever write to it, and nothing else goes on before somebody does.
    if (statSync(file).isFIFO()) throw fileError(`${file} is a pipe`, "file-unreadable");
    const bytes = readFileSync(file);
    if (bytes.byteLength <= fileLimit) return bytes.toString("utf8");
  } catch (cause) {
    if (isChartferryError(cause)) throw cause;
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw fileError(`${file} ${missing ? "does not exist" : "cannot be read"}`, missing ? "file-missing" : "file-unreadable", cause);
  }
  throw fileError(`${file} is larger than 8 MiB`, "file-unreadable");
}

function half(onlyKey: boolean, prefix: string): ChartferryError {
  return fileError(
    onlyKey
      ? `a client key needs its certificate: ${prefix}cert-file is missing`
      : `a client certificate needs its key: ${prefix}key-file is missing`,
    "usage",
  );
}

function fileError(message: string, code: ErrorCode, cause?: unknown): ChartferryError {
  return new ChartferryError(message, { code, operation: "read TLS files", cause });
}
