import { ChartferryError } from "../errors.ts";
import type { ChartMetadata } from "./chart-metadata.ts";
import { createBudget, defaultChartLimits, type ChartLimits } from "./chart-limits.ts";
import { createNoteList, type ChartNote } from "./chart-notes.ts";
import { finishMetadata, identityProblem } from "./finish-metadata.ts";
import { checkChart, loadMetadata } from "./load-chart.ts";
import { walkArchive, type WalkedArchive } from "./walk-archive.ts";

/** What a chart archive says of itself. */
export interface LoadedChart {
  readonly metadata: ChartMetadata;
  /** What Helm would refuse or treat in an unexpected way; none of it keeps the chart from being pushed. */
  readonly notes: readonly ChartNote[];
  /** Bytes are missing at the archive's end. Unless a digest vouches for it as it is, it was broken off on its way to us. */
  readonly cut?: true;
  /** Seconds since 1970 from the tar header of Chart.yaml. */
  readonly chartYamlTime?: number;
}

export interface ReadChartOptions {
  readonly limits?: Partial<ChartLimits>;
  /** `identity` leaves out whether Helm would load values, lock and subcharts: nested archives are not opened. Default: `all`. */
  readonly check?: "all" | "identity";
}

/**
 * Reads a chart's metadata as Helm loads it. The whole archive is walked under one budget, all that is nested in it included.
 * @throws archive-invalid (not gzip), archive-too-large, chart-invalid (no valid name and version)
 */
export async function readChart(input: Uint8Array | AsyncIterable<Uint8Array>, options: ReadChartOptions = {}): Promise<LoadedChart> {
  const budget = createBudget({ ...defaultChartLimits, ...options.limits });
  const notes = createNoteList();
  const archive = await walkArchive(input, { budget, notes });
  if (archive.notGzip) {
    throw refused("archive-invalid", "the file is not a gzipped archive", "look at what was downloaded: it may be an error page");
  }
  const files = filesOf(archive);
  const draft = loadMetadata(files, notes);
  if (draft === undefined) throw refused("chart-invalid", `the archive has no Chart.yaml${because(notes.notes)}`);
  const problem = identityProblem(draft);
  if (problem !== undefined) throw refused("chart-invalid", `${problem}${because(notes.notes)}`);
  const metadata = finishMetadata(draft, notes);
  if (options.check !== "identity") await checkChart(files, { budget, notes, depth: 0 });
  const chartYamlTime = files.findLast((file) => file.path === "Chart.yaml")?.modified;
  return { metadata, notes: notes.notes, ...(archive.cut ? { cut: true } : {}), ...(chartYamlTime === undefined ? {} : { chartYamlTime }) };
}

/** A Chart.yaml beside the folder counts only where there is no other: Helm loads neither, but name and version can be had. */
function filesOf(archive: WalkedArchive): WalkedArchive["files"] {
  return archive.files.some((file) => file.path === "Chart.yaml") ? archive.files : [...archive.files, ...archive.stray];
}

function because(notes: readonly ChartNote[]): string {
  const [first] = notes.filter(({ code }) => code === "damaged-archive" || code === "bad-chart-yaml" || code === "not-checked");
  return first === undefined ? "" : ` (${first.text})`;
}

function refused(code: "archive-invalid" | "chart-invalid", message: string, hint?: string): ChartferryError {
  return new ChartferryError(message, {
    code,
    operation: "read chart archive",
    hint: hint ?? "have the chart packaged again by its author",
  });
}
