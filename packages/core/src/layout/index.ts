/** What a registry over image layouts is built from: finer verbs than a `ChartStore` has. */
export { blobSize, openBlob, readRange } from "./blob-files.ts";
export type { Durability } from "./durable-files.ts";
export { finishUpload } from "./finish-upload.ts";
export { type LayoutRepository, refresh } from "./layout-repository.ts";
export { mountBlob, openLayoutStore, removeBlob, storeBlob } from "./layout-store.ts";
export { type LayoutTree, type LayoutTreeOptions, isLayout, openLayoutTree } from "./layout-tree.ts";
export { readManifest, removeManifest, removeTag, resolveManifest, storeManifest } from "./manifest-files.ts";
export { referrersOf } from "./referrer-lists.ts";
export { type LayoutDamage, scrubLayout, type ScrubReport } from "./scrub-layout.ts";
export { privateFolder } from "./tree-lock.ts";
export type { UploadLimits } from "./upload-limits.ts";
export type { UploadSession } from "./upload-session.ts";
export { appendToUpload, beginUpload, cancelUpload, findUpload, type UploadBody, type Uploads } from "./upload-sessions.ts";
