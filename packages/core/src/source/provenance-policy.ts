import { readProvenance } from "../chart/provenance.ts";
import type { Provenance } from "../chart/provenance.ts";
import { bytesContent, type BlobContent } from "../content.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import type { Note } from "../note.ts";
import { describeBytes } from "./describe-bytes.ts";
import { readFileIfThere } from "./folder-file.ts";

/** `auto`: taken along where there is one; `require`: a version without it fails; `skip`: not looked for. */
export type ProvenancePolicy = "auto" | "require" | "skip";

/** What was found where the provenance should be. */
export type ProvenanceFinding =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "absent" }
  /** Most likely absent, but the place did not say so in plain words: `why` is what it answered, or holds. */
  | { readonly kind: "doubtful"; readonly why: string }
  | { readonly kind: "failed"; readonly error: unknown };

/** For whoever could not look: that we ended it ourselves says nothing of the place. @throws the signal's reason, aborted */
export function failedToLook(error: unknown, signal: AbortSignal | undefined): ProvenanceFinding {
  signal?.throwIfAborted();
  if (isChartferryError(error, "aborted")) throw error;
  return { kind: "failed", error };
}

export interface ProvenanceOutcome {
  readonly provenance?: { readonly content: BlobContent; readonly signed: Provenance };
  readonly notes: readonly Note[];
}

/** Bytes. A signed Chart.yaml with checksums takes a few KiB. */
export const provenanceLimit = 1024 * 1024;

/** The file where a provenance should be. */
export async function provenanceIn(path: string): Promise<ProvenanceFinding> {
  const found = await readFileIfThere(path, provenanceLimit);
  if (found === undefined) return { kind: "absent" };
  return found instanceof Uint8Array ? { kind: "bytes", bytes: found } : { kind: "doubtful", why: found.kind };
}

/** Decides what the finding means: only a clear-signed text counts, and doubt never drops a provenance in silence. @throws provenance-missing, provenance-unavailable */
export function applyProvenancePolicy(found: ProvenanceFinding, policy: ProvenancePolicy, place: string): ProvenanceOutcome {
  const signed = found.kind === "bytes" ? readProvenance(found.bytes) : undefined;
  if (found.kind === "bytes" && signed !== undefined) return { provenance: { content: bytesContent(found.bytes), signed }, notes: [] };
  const finding = found.kind === "bytes" ? judgeUnsigned(found.bytes) : found;
  if (finding.kind === "failed") throw unavailable(finding.error, place);
  const why = finding.kind === "absent" ? "there is none" : finding.why;
  if (policy === "require") throw missing(place, why);
  if (finding.kind === "absent") return { notes: [] };
  const says = /^https?:/i.test(place) ? "answers with" : "is";
  return { notes: [{ code: "provenance-doubtful", text: `${takenAsUnsigned}${place} ${says} ${why}` }] };
}

const takenAsUnsigned = "taken as unsigned: ";

/** What a package's remarks say of a place that did not tell plainly whether it has a provenance. */
export function provenanceDoubt(notes: readonly Note[]): string | undefined {
  return notes.find(({ code }) => code === "provenance-doubtful")?.text.replace(takenAsUnsigned, "");
}

function judgeUnsigned(bytes: Uint8Array): Exclude<ProvenanceFinding, { kind: "bytes" }> {
  const { kind, words } = describeBytes(bytes);
  return kind === "html"
    ? { kind: "doubtful", why: words }
    : { kind: "failed", error: new Error(`it is ${words}, not a clear-signed text`) };
}

function missing(place: string, why: string): ChartferryError {
  return new ChartferryError(`no provenance at ${place}: ${why}`, {
    code: "provenance-missing",
    operation: "fetch provenance",
    hint: "Sign the chart, or use --provenance auto",
  });
}

function unavailable(cause: unknown, place: string): ChartferryError {
  const inner = cause instanceof ChartferryError ? cause : undefined;
  const reason = cause instanceof Error ? cause.message : "unknown reason";
  return new ChartferryError(`whether ${place} holds a provenance cannot be told: ${reason}`, {
    code: "provenance-unavailable",
    operation: "fetch provenance",
    retryable: inner?.retryable ?? false,
    registry: inner?.registry,
    status: inner?.status,
    retryAfterMs: inner?.retryAfterMs,
    hint: `${nextStep(inner)}, or use --provenance skip to leave signatures behind`,
    cause,
  });
}

/** Waiting mends what a server does, not what this machine refuses. */
function nextStep(cause: ChartferryError | undefined): string {
  const later = "Run again later";
  return cause === undefined || cause.retryable ? later : (cause.hint ?? later);
}
