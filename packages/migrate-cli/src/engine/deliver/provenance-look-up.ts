import type { ChartSource, SoughtProvenance, SourceEntry } from "@chartferry/core";

/** Whether the source has a provenance of this entry by now. */
export type ProvenanceLookUp = (sequence: number, entry: SourceEntry) => Promise<SoughtProvenance>;

/** Answers kept for the lanes that come by later; beyond that the source is asked once more. */
const keptAnswers = 1024;

/** Asks once for all lanes. A source that keeps its provenance within the package has none to add. */
export function createProvenanceLookUp(source: ChartSource, signal: AbortSignal): ProvenanceLookUp {
  const answers = new Map<number, Promise<SoughtProvenance>>();
  return (sequence, entry) => {
    const known = answers.get(sequence);
    if (known !== undefined) return known;
    const asking = source.seekProvenance?.(entry, { signal }) ?? Promise.resolve({ found: false, notes: [] });
    answers.set(sequence, asking);
    asking.catch(() => answers.delete(sequence));
    const oldest = answers.size > keptAnswers ? answers.keys().next().value : undefined;
    if (oldest !== undefined) answers.delete(oldest);
    return asking;
  };
}
