export { createCreatedFrom, type CreatedFrom, type CreatedFromOptions } from "./choose/created-from.ts";
export { createFilesSource } from "./files-source.ts";
export { chooseItems, type ChoiceOptions, type ChosenItem } from "./choose/choose-items.ts";
export { createFunnel, funnelNotes, type ExclusionCounts, type Funnel } from "./choose/funnel.ts";
export { mapEntry, mappedFileNotes, type MappedVersion, type MappingTarget, type Refusal, rivalRefusal } from "./choose/map-entry.ts";
export { createMapping, type ChartVersion, type Mapping, type MappingOptions, type Rename, type VPrefix } from "./choose/mapping.ts";
export {
  createEntryFilter,
  type EntryFilter,
  type SelectableEntry,
  type Selection,
  type SelectionFilter,
  selectionFilters,
} from "./choose/select-entries.ts";
export { migrate } from "./migrate.ts";
export type { MigrateEvent, MigrateOptions, MigrationTarget } from "./migrate-options.ts";
export { isComplete, type HostRecord, type Report, type ReportHead, type RunFacts, type StatusCounts, type Totals } from "./keep/report.ts";
export type { RunFigures } from "./keep/run-figures.ts";
export { type Decision, decisions } from "./plan/decisions.ts";
export type { PlannedTarget, PlannedVersion, Reason } from "./plan/group-versions.ts";
export { type DecisionCounts, hasNothingToDo, isBlind, isWhole, type Plan, plan, type PlanHead, type PlanOptions } from "./plan/plan.ts";
export type { Warning } from "./plan/warning-hints.ts";
export { pullChart, type PulledChart, type PullOptions } from "./pull-chart.ts";
export { defaultJournalPath, stateFolder } from "./keep/state-folder.ts";
export { parseVersionRange, type VersionTest } from "./choose/version-range.ts";
export { versionStatuses, type Outcome, type TagKnowledge, type VersionRecord, type VersionStatus, type WorkItem } from "./work-item.ts";
export { createTagClaims, type TagClaims } from "./choose/tag-claims.ts";
export { createWorkQueue, type Delivery, type WorkQueue } from "./work-queue.ts";
export type { AuditRecord } from "./verify/audit-record.ts";
export { type AuditState, auditStates } from "./verify/findings.ts";
export { type Audit, type AuditHead, type StateCounts, verdict, verify, type VerifyOptions } from "./verify/verify.ts";
export { documentText, reportText, writeDocument, writeReport } from "./keep/write-report.ts";
