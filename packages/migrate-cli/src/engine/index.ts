export { selectEntries, type EntryTest, type Selection } from "./select-entries.ts";
export { migrate } from "./migrate.ts";
export type { MigrateEvent, MigrateOptions, MigrationTarget } from "./migrate-options.ts";
export { isComplete, type HostRecord, type Report, type ReportHead, type RunFacts, type StatusCounts, type Totals } from "./report.ts";
export { stateFolder } from "./state-folder.ts";
export { parseVersionRange, type VersionTest } from "./version-range.ts";
export { versionStatuses, type Outcome, type TagKnowledge, type VersionRecord, type VersionStatus, type WorkItem } from "./work-item.ts";
export { createWorkQueue, type Delivery, type WorkQueue } from "./work-queue.ts";
export { reportText, writeReport } from "./write-report.ts";
