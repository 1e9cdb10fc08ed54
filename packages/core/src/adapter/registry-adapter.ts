import type { Challenge } from "../auth/challenge.ts";
import type { Credential, CredentialRequest, PassedOver } from "../auth/credential.ts";
import type { Clock } from "../clock.ts";
import type { ErrorCode, ErrorDetails } from "../errors.ts";
import type { TellPause } from "../http/gate/host-pause.ts";
import type { VendorClient } from "../http/http-client.ts";
import type { Note } from "../note.ts";
import type { NameProblem } from "../reference/repository-name.ts";
import type { CallOptions } from "../store/chart-store.ts";
import type { Connection } from "../store/connection.ts";
import type { NamedFile } from "../named-file.ts";

/** What a host name tells: region, account, location … by the adapter's own keys. */
export type HostMatch = Readonly<Record<string, string>>;

/** Where the requests for a reference go. */
export interface ResolvedTarget {
  /** Host and port that requests go to. */
  readonly apiHost: string;
  readonly repository: string;
  /** Key in credential files. */
  readonly credentialKey: string;
}

/** How registries differ without code. */
export interface Traits {
  /** How a blob goes up: `single-post` is tried first and unlearned per host when refused; `post-put` always works. */
  readonly upload: "single-post" | "post-put";
  /** Tried where the closing PUT of an upload is refused with the whole blob in it: one PATCH with all of it, and a PUT without a body. Default: nothing. */
  readonly uploadFallback?: "patch";
  /** `n` of a tag page; undefined = do not send `n`. */
  readonly tagPageSize: number | undefined;
  /** How the next page is found: as its Link says, or by nothing of it but `last`, where the rest is wrong. Default `link`. */
  readonly tagPages?: "link" | "last";
  /** Largest manifest in bytes. */
  readonly manifestBytes: number;
  /** Components of a repository path. */
  readonly depth: { readonly min: number; readonly max: number };
  /** What a user should know before a push to a repository that is not there yet: that it must be made first, that it will be public. */
  readonly newRepository?: Note;
  /** A repository that is not there is refused to whoever asks to read it as one that he may not see (`denied-or-missing`). Default: false. */
  readonly hidesMissing?: boolean;
  /** The same where it is created for him (`ensureRepository`); default: that it will be. */
  readonly createdRepository?: Note;
  /** Life of a token whose reply does not state it: seconds, or `jwt` where the token itself does (`exp`). Default: a minute. */
  readonly tokenLife?: number | "jwt";
  /** Actions of the token that a deletion is asked for with. Default `delete,pull`. */
  readonly deleteActions?: string;
}

export const capabilityNames = [
  "push",
  "list-tags",
  "list-repositories",
  "mount",
  "referrers",
  "delete-tag",
  "delete-manifest",
  "create-repository",
  "overwrite-tag",
] as const;
export type Capability = (typeof capabilityNames)[number];

/** Total: `true`, `'probe'` (settled once per connection), or a sentence that says why not, which is the skip reason and the documentation. */
export type Capabilities = Readonly<Record<Capability, true | "probe" | (string & {})>>;

/** The first answer of a self-hosted registry to `GET /v2/`. */
export interface ProbeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly challenges: readonly Challenge[];
}

/** A refused answer, read once. `text` is at most 64 KiB. */
export interface ErrorView {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** From an OCI error body; empty when it was none. */
  readonly errors: readonly { readonly code: string; readonly message: string; readonly detail: unknown }[];
  readonly operation: string;
  /** Path within the registry, where the request was about one. */
  readonly repository?: string | undefined;
  /** Whether the request carried a credential of the user's, or what a token service gave for one. */
  readonly signedIn?: boolean;
  /** The user whom a token service was given with a password. */
  readonly username?: string | undefined;
}

/** A token request that differs from GET + Basic. */
export interface TokenRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly form?: Readonly<Record<string, string>>;
  readonly authorization?: string;
}

/**
 * `undefined` = nothing is configured there, or nothing but what was refused; a source whose secrets end gives a new one instead. What is configured and broken throws `credentials-unavailable`: never anonymous instead.
 */
export type CredentialLookUp = (request: CredentialRequest) => Promise<Credential | undefined>;

/** A registry's own sources. Asked in this order: what the user says, `environment`, credential files, `chain`, nobody. */
export interface CredentialSources {
  /** What variables say that speak of this registry alone. */
  readonly environment?: CredentialLookUp;
  /** What the vendor's own tools would find. */
  readonly chain?: CredentialLookUp;
}

/** What a hook may need of the connection it serves. */
export interface AdapterContext {
  readonly http: VendorClient;
  /** Host and port as the user wrote it, lower case. */
  readonly registry: string;
  /** Scheme, host and port of the registry. */
  readonly origin: URL;
  readonly match: HostMatch;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly options: Readonly<Record<string, unknown>>;
  /** What the user signs in with for this repository, for other services of the same vendor: nothing that the registry has refused there. */
  readonly credential: (repository: string) => Promise<Credential>;
}

export interface TlsOptions {
  readonly caFile?: NamedFile;
  readonly certFile?: NamedFile;
  readonly keyFile?: NamedFile;
  readonly insecureSkipVerify?: boolean;
  /** What the options of this end begin with, for messages; default `--`. */
  readonly optionPrefix?: "--" | "--source-";
}

export const createRepositoriesPolicies = ["never", "if-missing"] as const;
export type CreateRepositories = (typeof createRepositoriesPolicies)[number];

/** What a user says of one end; the same for every adapter. */
export interface ConnectOptions {
  readonly end: "source" | "target";
  /** Host and port as written, lower case; for a layout its directory. */
  readonly registry: string;
  readonly plainHttp?: boolean;
  /** Whether a repository (project, namespace) that is missing is created. Default: never. */
  readonly createRepositories?: CreateRepositories | undefined;
  /** Only looks: no right to push is asked for, no lock taken, no folder made. Default: false. */
  readonly readOnly?: boolean;
  readonly tls?: TlsOptions;
  /** Explicit credential of this end; wins over every file. */
  readonly credential?: Credential;
  /** Credential file instead of Helm's and Docker's own. */
  readonly registryConfig?: NamedFile;
  /** The options that this end's credential is given with, for messages; default `--username and --password-stdin`. */
  readonly signInOptions?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Options of the adapter's own, from chartferry.yaml. */
  readonly adapterOptions?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  /** One line per request for `--debug`, already redacted. */
  readonly debug?: (line: string) => void;
  /**
   * The origin of the server that named this registry, where the user did not (an index with `oci://` urls): the registry's own host is then
   * judged by the address rules like every other host that a server sends us to, and plain http is not found out by itself.
   */
  readonly namedBy?: URL | undefined;
  /** For tests: stands in for DNS. Answers are IP addresses. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  readonly signal?: AbortSignal | undefined;
  /** Told whenever requests to a host are held back for a second or more (a Retry-After, a wait before a repeat), and of each attempt that got no answer. */
  readonly onPause?: TellPause | undefined;
  /** Told once of each credential of the user's that the registry refuses, where another takes its place. */
  readonly onPassedOver?: ((passed: PassedOver) => void) | undefined;
  /** Once aborted nobody waits for a host any more: whoever does ends with `aborted`. What is on the wire goes on to its end. */
  readonly stopWaiting?: AbortSignal | undefined;
}

/** Data plus the few hooks in which registries truly differ. The caller passes its list of adapters in; a user's own is as good as ours. */
export interface RegistryAdapter {
  readonly id: string;
  readonly traits: Traits;
  readonly capabilities: Capabilities;
  /** Pure: from the host name alone. `undefined` = not mine. */
  detect(host: string): HostMatch | undefined;
  /** For self-hosted registries: from the first answer. */
  probe?(answer: ProbeAnswer): boolean;
  resolve?(host: string, repository: string): ResolvedTarget;
  /** Before the first request. */
  validate?(host: string, repository: string): readonly NameProblem[];
  credentials?(context: AdapterContext): CredentialSources;
  tokenRequest?(challenge: Challenge, credential: Credential, scopes: readonly string[]): TokenRequest | undefined;
  /** Beyond 401: whether the answer speaks of an expired token, or says nothing where an expired one would be answered so (to a HEAD). */
  isTokenExpired?(view: ErrorView): boolean;
  /**
   * Makes what a push to the repository needs: itself, or the project or namespace that it lies in. Asked once a repository, after it was missing.
   * @throws denied, credentials-unavailable, name-invalid …
   */
  ensureRepository?(repository: string, context: AdapterContext, options?: CallOptions): Promise<"exists" | "created">;
  /** A more exact code for an answer; `undefined` = core's mapping. */
  mapError?(view: ErrorView): Partial<ErrorDetails> | undefined;
  listRepositories?(prefix: string, context: AdapterContext, options?: CallOptions): AsyncIterable<string>;
  listTags?(repository: string, context: AdapterContext, options?: CallOptions): AsyncIterable<string>;
  /** `false` = it was not there. */
  deleteTag?(
    named: { readonly repository: string; readonly tag: string },
    context: AdapterContext,
    options?: CallOptions,
  ): Promise<boolean>;
  /** What a registry answers where a repository is missing, beside `repository-missing` and `namespace-missing`. */
  readonly missingCodes?: readonly ErrorCode[];
  /** Default: HTTP. A layout on disk brings its own. */
  connect?(options: ConnectOptions): Promise<Connection>;
}
