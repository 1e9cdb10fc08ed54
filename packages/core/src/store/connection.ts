import type { ChartferryError } from "../errors.ts";
import type { HostTraffic } from "../http/http-client.ts";
import type { Note } from "../note.ts";
import type { NameProblem } from "../reference/repository-name.ts";
import type { ChartStore, CallOptions } from "./chart-store.ts";

export interface SignedIn {
  /** Where the credential was found that the registry took (`Credential.source`); `undefined` = it asked for none, or there is none. */
  readonly credentialSource: string | undefined;
}

/** `absent`: there is no such repository, or nothing in it. A failure says why not. */
export interface Rights {
  readonly pull: "granted" | "absent" | ChartferryError;
  readonly push: "granted" | "absent" | ChartferryError;
}

/**
 * One end's way to one registry: its host, credential identity, TLS, tokens. Two ends on one host share none of it.
 * Opened by an adapter (`RegistryAdapter.connect`).
 */
export interface Connection {
  /** Which end this is: `source` or `target`; credentials of one never serve the other. */
  readonly end: "source" | "target";
  /** Host and port, or the directory of a layout. */
  readonly registry: string;
  /** The adapter's id. */
  readonly adapter: string;
  /** What this registry has against a repository's name; known without asking it. */
  nameProblems(repository: string): readonly NameProblem[];
  /** What a user should know before a push to a repository that is not there yet. */
  readonly newRepository?: Note | undefined;
  /** See `Traits.hidesMissing`. */
  readonly hidesMissing?: boolean | undefined;
  openStore(repository: string): Promise<ChartStore>;
  /** Repositories below a path, where the registry can list them. @throws unsupported */
  repositories(prefix: string, options?: CallOptions): AsyncIterable<string>;
  /** Asks whether the registry answers and accepts our credentials. @throws the reason why not */
  ping(options?: CallOptions): Promise<SignedIn>;
  /** What we may do in one repository; absent where there is nobody to ask. Leaves no content behind. */
  checkRights?(repository: string, options?: CallOptions): Promise<Rights>;
  /** By host (host:port), blob and token hosts included. */
  traffic(): Readonly<Record<string, HostTraffic>>;
  close(): Promise<void>;
}
