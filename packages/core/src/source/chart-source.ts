import type { ChartferryError } from "../errors.ts";
import type { Digest } from "../digest.ts";
import type { ChartPackage } from "../copy/chart-package.ts";
import type { Note } from "../note.ts";

/** What is known of one chart version before any download. */
export interface SourceEntry {
  /** The key under `entries` (authoritative for lookup), or the repository's last path element. */
  readonly chart: string;
  /** As written in the source, `+` included. */
  readonly version: string;
  /** As written in the source; not yet parsed. */
  readonly created?: string;
  /** All candidate places in order of preference, absolute (http, https, file, oci) after resolution against the repository. */
  readonly urls: readonly string[];
  /** Expected layer digest, normalised to `sha256:<hex>`; absent when the source gives none. */
  readonly digest?: string;
  readonly deprecated?: boolean;
  readonly appVersion?: string;
  readonly kind?: string;
  /** Those that name a repository; a bounded number. */
  readonly dependencies?: readonly EntryDependency[];
  /** Things found while reading the entry that do not prevent copying it. */
  readonly notes: readonly Note[];
}

/** A dependency as Chart.yaml names it. */
export interface EntryDependency {
  readonly name: string;
  readonly repository: string;
}

/** An entry that cannot be copied at all, reported with the others: a bad entry never hides the good ones. */
export interface EntryProblem {
  readonly chart: string;
  /** Empty when the entry has none that is readable. */
  readonly version: string;
  readonly error: ChartferryError;
}

export type SourceItem =
  | { readonly kind: "entry"; readonly entry: SourceEntry }
  | { readonly kind: "problem"; readonly problem: EntryProblem };

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Asked before content grows by so many bytes in memory; `false` = it goes to a temporary file. */
export type MemoryQuestion = (bytes: number) => boolean;

export interface OpenOptions extends SourceOptions {
  /** Asked about what goes beyond the first `unaskedMemory` bytes of a chart. Default: there is memory. */
  readonly memory?: MemoryQuestion | undefined;
}

export interface SoughtProvenance {
  readonly found: boolean;
  /** Of what was found. */
  readonly digest?: Digest;
  readonly notes: readonly Note[];
}

/** Where charts come from: a classic repository, a folder, a file, a registry, an image layout, a bucket. */
export interface ChartSource {
  /** For reports and journal keys: normalised, without credentials. */
  readonly id: string;
  versions(options?: SourceOptions): AsyncIterable<SourceItem>;
  /** Remarks on the source as a whole, as far as `versions()` has read it; absent where a source has none to make. */
  notes?(): readonly Note[];
  /** Also works in a process that never called `versions()`. @throws source-missing, digest-mismatch, archive-invalid … */
  open(entry: SourceEntry, options?: OpenOptions): Promise<ChartPackage>;
  /**
   * Whether there is a provenance, asked without reading the chart; absent where a source cannot have one apart from its package.
   * @throws provenance-missing, provenance-unavailable
   */
  seekProvenance?(entry: SourceEntry, options?: SourceOptions): Promise<SoughtProvenance>;
  /** What can be told of the entry's coming without fetching it; absent where a source cannot tell. */
  foresee?(entry: SourceEntry, options?: SourceOptions): Promise<Foresight>;
  close(): Promise<void>;
}

/** Known before any download. */
export interface Foresight {
  /** What `open` will throw. */
  readonly fault?: ChartferryError;
  /** What will be in the way. */
  readonly notes: readonly Note[];
}
