import type { ErrorCode } from "../../errors.ts";

/** Fits both ends: a classic repository's address names its scheme, a registry's has none. */
export const askForHttp = "if that is meant to be: --plain-http for a registry, http:// in the address of a classic repository";
export const askForHttps = "ask for https: no --plain-http for a registry, https:// in the address of a classic repository";
const certificateFlags = "--cert-file and --key-file (for a source: --source-cert-file and --source-key-file)";
export const giveCertificate = `give one with ${certificateFlags}`;
export const perhapsCertificate = `it may want a client certificate, or another one: ${certificateFlags}`;

/** `options`: those of the end that is refused, see `ConnectOptions.signInOptions`. */
export function giveCredential(options = "--username and --password-stdin"): string {
  return `give ${options}, or log in with helm registry login or docker login`;
}

/** The next thing to try, where it follows from the code alone. */
export const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthenticated: giveCredential(),
  "credentials-expired": "log in again with helm registry login or docker login",
  denied: "ask for the right to do this, or log in as somebody who has it",
  "denied-or-missing": "check that the repository exists and that this user may see it",
  "repository-missing": "create the repository in the registry first",
  "namespace-missing": "create the namespace (project, organisation) first",
  "name-invalid": "rename the chart or choose another namespace; --exclude leaves it out",
  "tag-immutable": "this registry does not let tags move: use --existing verify or delete the tag first",
  "quota-exceeded": "free some space or raise the quota, then run it again",
  "rate-limited": "run it again later, lower --concurrency, or allow longer waits with --max-wait",
  "too-large": "raise the size limit of the registry or of the proxy in front of it",
  unsupported: "the registry, or the address, may be the wrong one: check the path",
  "read-only": "the registry takes no writes now: try again when it is writable",
  unavailable: "try again later; what is done already is kept",
  timeout: "try again later; what is done already is kept",
  "redirect-refused": "use the address it redirects to as the address itself",
  "index-missing": "check the address: an index.yaml must stand below it",
  "blob-unknown": "push the chart again: the registry misses one of its blobs",
  "upload-lost": "try again: the registry lost the upload session",
  "manifest-unknown": "check the version: this tag does not stand in the repository",
  "manifest-invalid": "the registry does not take this kind of manifest: check that it accepts OCI artifacts",
  tls: askForHttps,
  "proxy-refused": "put the proxy's user and password into HTTPS_PROXY or HTTP_PROXY (http://USER:PASSWORD@HOST:PORT)",
};
