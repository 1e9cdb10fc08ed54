export { chooseAdapter, type ChosenAdapter } from "./adapter/choose-adapter.ts";
export { openConnection, type OpenConnectionOptions } from "./adapter/open-connection.ts";
export { resolveCredential, type ResolveCredentialOptions } from "./adapter/resolve-credential.ts";
export {
  type AdapterContext,
  type Capabilities,
  type Capability,
  capabilityNames,
  type ConnectOptions,
  type CreateRepositories,
  createRepositoriesPolicies,
  type CredentialLookUp,
  type CredentialSources,
  type ErrorView,
  type HostMatch,
  type ProbeAnswer,
  type RegistryAdapter,
  type ResolvedTarget,
  type TlsOptions,
  type TokenRequest,
  type Traits,
} from "./adapter/registry-adapter.ts";
export { basicHeader } from "./auth/basic-header.ts";
export type { Challenge } from "./auth/challenge.ts";
export { parseChallenges } from "./auth/parse-challenges.ts";
export { createCredentialProvider, type CredentialProviderOptions } from "./auth/credential-files.ts";
export { forgetLogin, keepLogin, type Login, type LoginFiles } from "./auth/login-files.ts";
export { checkCredentialFile } from "./auth/read-credential-file.ts";
export type { Credential, CredentialProvider, CredentialRequest, PassedOver } from "./auth/credential.ts";
export { lifeInToken } from "./auth/token-claims.ts";
export type { ChartMetadata, Dependency, Maintainer } from "./chart/chart-metadata.ts";
export { type ChartNoteCode, chartNotes } from "./chart/chart-notes.ts";
export { versionForm, type VersionForm } from "./chart/loose-version.ts";
export type { ChartLimits } from "./chart/chart-limits.ts";
export { type LoadedChart, readChart, type ReadChartOptions } from "./chart/read-chart.ts";
export { closeAll } from "./close-all.ts";
export { type Clock, systemClock } from "./clock.ts";
export { type BlobContent, bytesContent, type Descriptor, type StoredManifest } from "./content.ts";
export type { AssembledPackage, Attachment, ChartPackage, VerbatimPackage } from "./copy/chart-package.ts";
export {
  checkExisting,
  requireSameChart,
  type ExistingAnswer,
  type ExistingCheck,
  type ExistingPolicy,
  type ExistingSkip,
} from "./copy/check-existing.ts";
export { type ConnectionSourceOptions, createConnectionSource, isAttachmentTag } from "./copy/connection-source.ts";
export { copyChart, type CopyOptions, type CopyOutcome } from "./copy/copy-chart.ts";
export { openStandingChart, type StandingChart } from "./copy/open-chart.ts";
export { type Digest, digestOf, digestWith, isDigest, splitDigest, verifiedStream } from "./digest.ts";
export { errnoOf, unwritableCode } from "./errno.ts";
export { ChartferryError, type ErrorCode, errorCodes, type ErrorDetails, isChartferryError, withContext } from "./errors.ts";
export { addTraffic } from "./http/add-traffic.ts";
export { errorFromAnswer } from "./http/answer/error-response.ts";
export { createHttpClient, type HttpClientOptions } from "./http/create-http-client.ts";
export type { HostPause, TellPause } from "./http/gate/host-pause.ts";
export type { HostTraffic, HttpAnswer, HttpClient, HttpRequest, RequestBody, VendorClient, VendorRequest } from "./http/http-client.ts";
export { pageBytes, type PageOptions, readPages } from "./http/paginate.ts";
export {
  type Remedy,
  type Repeat,
  type RequestFault,
  type RequestKind,
  requestRepeats,
  type WorkFault,
  workRepeats,
} from "./http/repeat-policy.ts";
export { connectLayout } from "./layout/connect-layout.ts";
export { type HeldLock, type LockRefusal, type RefuseLock, takeLock } from "./lock/lock-file.ts";
export { type Lease, sayLease } from "./lock/lock-lease.ts";
export { makeFolder } from "./make-folder.ts";
export { buildChartManifest, type ChartManifest, type ChartManifestInput } from "./manifest/build-manifest.ts";
export { chartInManifest } from "./manifest/chart-in-manifest.ts";
export { type ChartParts, chartParts } from "./manifest/chart-parts.ts";
export { chooseCreated, type Created, type CreatedInputs } from "./manifest/created.ts";
export { type ImageIndex, type ImageManifest, largestManifest, parseManifest, type ParsedManifest } from "./manifest/parse-manifest.ts";
export { standingCreated } from "./manifest/standing-created.ts";
export { readTime } from "./manifest/timestamps.ts";
export { mediaTypes } from "./media-types.ts";
export type { Note } from "./note.ts";
export type { NamedFile } from "./named-file.ts";
export { isTag, tagOf, versionOf } from "./reference/chart-tag.ts";
export {
  formatReference,
  layoutScheme,
  parseLayoutReference,
  parseReference,
  type Reference,
  type ReferenceOptions,
} from "./reference/parse-reference.ts";
export { formatTarget, parseTarget, type Target } from "./reference/parse-target.ts";
export { chartRepository, type NameProblem, repositoryProblem } from "./reference/repository-name.ts";
export { printable, quote, shown } from "./shown-text.ts";
export type { AssembleOptions, CreatedPolicy, CreatedQuestion } from "./source/assemble-package.ts";
export type {
  ChartSource,
  EntryDependency,
  EntryProblem,
  Foresight,
  MemoryQuestion,
  OpenOptions,
  SoughtProvenance,
  SourceEntry,
  SourceItem,
  SourceOptions,
} from "./source/chart-source.ts";
export type { UrlRewrite } from "./source/chart-url.ts";
export { type ClassicLimits, type ClassicSource, type ClassicSourceOptions, createClassicSource } from "./source/classic-source.ts";
export { type ClassicLocation, parseClassicLocation } from "./source/classic-location.ts";
export type { OpenRegistry, RegistryChart } from "./source/fetch-from-registry.ts";
export { checkIdentity } from "./source/check-identity.ts";
export { checkChartFile, openChartFile, type OpenFileOptions } from "./source/file-source.ts";
export type { ProvenancePolicy } from "./source/provenance-policy.ts";
export { type ByteRange, openTemporaryFile, type TemporaryFile, type TemporaryFileOptions } from "./source/open-temporary-file.ts";
export { type ReceivedContent, unaskedMemory } from "./source/received-content.ts";
export { temporaryFileError } from "./source/temporary-file.ts";
export { type BlobState, blobState } from "./store/blob-state.ts";
export { listCatalog } from "./store/catalog-listing.ts";
export type {
  BlobMounter,
  BlobReader,
  BlobWriter,
  CallOptions,
  ChartStore,
  FoundBlob,
  ManifestDeleter,
  ManifestReader,
  ManifestResolver,
  ManifestWriter,
  ReferrerLister,
  TagLister,
} from "./store/chart-store.ts";
export type { Connection, Rights, SignedIn } from "./store/connection.ts";
