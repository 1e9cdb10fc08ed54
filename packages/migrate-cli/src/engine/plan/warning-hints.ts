import { type ChartNoteCode, chartNotes, type Note } from "@chartferry/core";

/** What a warning always has. */
export interface Warning {
  readonly code: string;
  readonly text: string;
  readonly hint: string;
}

const byRange = "publish the next version as MAJOR.MINOR.PATCH; --v-prefix strip or both gives v1.2.3 a tag that ranges find";
const refusedByAll = "Helm will not load it from the registry either: have its author package it again, or leave it out with --exclude";
const refusedByOld = "ask consumers to use Helm 4.3 or later, or have its author take large files out of the chart";
const harmless = "nothing needs to be done for the migration";
const repairIndex = "repair the entry in the index, or regenerate the index with helm repo index";

/** What to do about a remark, by its code; those that charts give rise to follow from who refuses such a chart. */
const hints: Readonly<Record<string, string>> = {
  "leading-v": byRange,
  "two-part-version": byRange,
  "loose-version": byRange,
  "digest-missing": "regenerate the index with helm repo index, so that downloads can be checked",
  "digest-unreadable": "regenerate the index with helm repo index, so that downloads can be checked",
  "provenance-other-file": "sign the chart again under the name that the registry will give it, or verify the file from the old repository",
  "provenance-other-digest": "sign the chart again: what is signed are other bytes",
  "provenance-mapped": "verify the chart under its own name and version, or sign it again under the new ones",
  "provenance-doubtful":
    "look at what the url of the .prov answers, or the file in its place is; --provenance require refuses what is not signed",
  "name-differs": repairIndex,
  "urls-dropped": repairIndex,
  "urls-not-a-list": repairIndex,
  "duplicate-key": repairIndex,
  "url-refused": "map the url with --url-rewrite FROM=TO, or correct the index",
  "url-userinfo-removed": "give the source's user with --source-username and --source-password-file",
  "marked-removed": "leave it out with --exclude if it is not to be carried over",
  "found-beside-index": "say where the files are now with --url-rewrite FROM=TO",
  "created-missing": "set the creation time with --created",
  "created-unreadable": "set the creation time with --created, or correct the index",
  "created-without-zone": "set the creation time with --created, or correct the index",
  "created-unknown": "set the creation time with --created",
};

/** Every warning says what to try next. */
export function asWarning({ code, text, hint }: Note): Warning {
  return { code, text, hint: hint ?? (Object.hasOwn(hints, code) ? hints[code] : undefined) ?? chartHint(code) };
}

function chartHint(code: string): string {
  if (!isChartNote(code)) return harmless;
  const { refusedBy } = chartNotes[code];
  return refusedBy === "all" ? refusedByAll : refusedBy === "helm3" ? refusedByOld : harmless;
}

function isChartNote(code: string): code is ChartNoteCode {
  return Object.hasOwn(chartNotes, code);
}
