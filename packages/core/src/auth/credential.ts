/** How one end proves who it is at one registry. `source` says in words where it was found (a file, a variable, an option); never the secret. */
export type Credential =
  | { readonly kind: "anonymous"; readonly source: string }
  | { readonly kind: "basic"; readonly username: string; readonly password: string; readonly source: string; readonly expiresAt?: number }
  /** A refresh (identity) token: exchanged for a bearer token by POST. */
  | { readonly kind: "refresh"; readonly refreshToken: string; readonly source: string; readonly expiresAt?: number }
  /** A ready bearer token (`registrytoken` in Docker's file). */
  | { readonly kind: "bearer"; readonly token: string; readonly source: string; readonly expiresAt?: number };

/** The part of a credential that nobody may see; empty for nobody's. */
export function secretOf(credential: Credential): string {
  if (credential.kind === "basic") return credential.password;
  if (credential.kind === "refresh") return credential.refreshToken;
  return credential.kind === "bearer" ? credential.token : "";
}

/** Finds the credential for one registry host; asked again after `credentials-expired`. `expiresAt` is in milliseconds since 1970. */
export type CredentialProvider = (request: CredentialRequest) => Promise<Credential>;

/** The registry refused a credential, and another of the user's takes its place. */
export interface PassedOver {
  /** Where the refused one was found, and where the next. */
  readonly source: string;
  readonly next: string;
  readonly because: "expired" | "refused";
}

export interface CredentialRequest {
  /** Key in credential files: the host (and port), or what the adapter says (Docker Hub's is a url). */
  readonly key: string;
  /** Repository path; the longest path match in a credential file wins. */
  readonly repository?: string;
  /** Sources (`Credential.source`) that the registry has already refused. */
  readonly refused?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}
