import { adapters } from "@chartferry/adapters";
import { isChartferryError, printable, resolveCredential, type Credential, type ResolveCredentialOptions } from "@chartferry/core";

export interface HelperAnswer {
  readonly exitCode: 0 | 1;
  /** Errors go there as well: whoever asked shows it. */
  readonly stdout: string;
}

/** Clients look for exactly these words before they go on without. Source: docker/docker-credential-helpers, credentials/error.go. */
const notFound = "credentials not found in native keychain";

type Resolve = (options: ResolveCredentialOptions) => Promise<Credential | undefined>;

export interface HelperQuestion {
  /** `get`, `store`, `erase`, `list`. */
  readonly verb: string | undefined;
  readonly input: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** For tests. */
  readonly resolve?: Resolve;
}

/** One call of Docker's credential helper protocol. Nothing is kept here: every answer comes from the cloud that the host name tells. Never rejects. */
export async function answerDocker({
  verb,
  input,
  environment,
  version,
  resolve = resolveCredential,
}: HelperQuestion): Promise<HelperAnswer> {
  if (verb === "get") return get({ key: input.trim(), environment, resolve });
  if (verb === "list") return { exitCode: 0, stdout: "{}\n" };
  if (verb === "erase") return { exitCode: 0, stdout: "" };
  if (verb === "version") return { exitCode: 0, stdout: `docker-credential-chartferry ${version}\n` };
  if (verb === "store") return failed("it keeps no logins: sign in at the cloud itself, or take the helper out of the credential file");
  return failed("it is called by docker, helm and oras: docker-credential-chartferry get, with the registry's host on stdin");
}

interface Getting extends Pick<HelperQuestion, "environment"> {
  readonly key: string;
  readonly resolve: Resolve;
}

async function get({ key, environment, resolve }: Getting): Promise<HelperAnswer> {
  const registry = hostOf(key);
  if (registry === "") return failed("no registry was named on stdin");
  try {
    const credential = await resolve({ registry, adapters, environment });
    if (credential === undefined || credential.kind === "anonymous") return { exitCode: 1, stdout: `${notFound}\n` };
    return { exitCode: 0, stdout: `${JSON.stringify({ ServerURL: key, ...pairOf(credential) })}\n` };
  } catch (error) {
    if (!isChartferryError(error)) throw error;
    return failed(error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
  }
}

/** A refresh token goes under Docker's own mark for one. */
function pairOf(credential: Exclude<Credential, { kind: "anonymous" }>): { Username: string; Secret: string } {
  if (credential.kind === "basic") return { Username: credential.username, Secret: credential.password };
  return { Username: "<token>", Secret: credential.kind === "refresh" ? credential.refreshToken : credential.token };
}

/** Clients ask with or without scheme and path. */
function hostOf(key: string): string {
  return (/^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/\s]*)/i.exec(key)?.[1] ?? "").toLowerCase();
}

function failed(text: string): HelperAnswer {
  return { exitCode: 1, stdout: `docker-credential-chartferry: ${printable(text, 1000)}\n` };
}
