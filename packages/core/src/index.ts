export { systemClock, type Clock } from "./clock.ts";
export type { BlobContent, Descriptor, StoredManifest } from "./content.ts";
export { digestOf, isDigest, splitDigest, verifiedStream, type Digest } from "./digest.ts";
export { ChartferryError, errorCodes, isChartferryError, withContext, type ErrorCode, type ErrorDetails } from "./errors.ts";
export { blobSize, openBlob, readRange } from "./layout/blob-files.ts";
export { digestWith } from "./layout/digest-with.ts";
export type { Durability } from "./layout/durable-files.ts";
export { isRepositoryName, isTag } from "./layout/layout-names.ts";
export { refresh, type LayoutRepository } from "./layout/layout-repository.ts";
export { mountBlob, openLayoutStore, removeBlob, storeBlob } from "./layout/layout-store.ts";
export { isLayout, openLayoutTree, type LayoutTree, type LayoutTreeOptions } from "./layout/layout-tree.ts";
export {
  readManifest,
  removeManifest,
  removeTag,
  resolveManifest,
  storeManifest,
  type PutManifestOptions,
} from "./layout/manifest-files.ts";
export { readManifestFacts, type ManifestFacts } from "./layout/manifest-facts.ts";
export { referrersOf } from "./layout/referrer-lists.ts";
export { scrubLayout, type LayoutDamage, type ScrubReport } from "./layout/scrub-layout.ts";
export type { UploadLimits } from "./layout/upload-limits.ts";
export {
  appendToUpload,
  beginUpload,
  cancelUpload,
  findUpload,
  finishUpload,
  type UploadBody,
  type Uploads,
  type UploadSession,
} from "./layout/upload-sessions.ts";
export { manifestAccept, mediaTypes } from "./media-types.ts";
