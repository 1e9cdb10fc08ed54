import { ChartferryError } from "../errors.ts";
import type { Note } from "../note.ts";
import type { SourceEntry } from "./chart-source.ts";
import { shown } from "../shown-text.ts";

/**
 * The archive must be the chart and version that its entry says: else an index could plant one chart under another's name.
 * A leading `v` or another case is accepted with a note. @throws chart-invalid
 */
export function checkIdentity(
  inside: { readonly name: string; readonly version: string },
  entry: Pick<SourceEntry, "chart" | "version">,
): Note[] {
  const notes: Note[] = [];
  if (inside.name !== entry.chart) {
    if (inside.name.toLowerCase() !== entry.chart.toLowerCase()) throw differs("name", inside.name, entry.chart);
    notes.push({ code: "name-case-differs", text: `the archive spells its name ${shown(inside.name)}, the index ${shown(entry.chart)}` });
  }
  if (inside.version !== entry.version) {
    if (comparable(inside.version) !== comparable(entry.version)) throw differs("version", inside.version, entry.version);
    notes.push({
      code: "version-spelling-differs",
      text: `the archive spells its version ${shown(inside.version)}, the index ${shown(entry.version)}`,
    });
  }
  return notes;
}

function comparable(version: string): string {
  return version.toLowerCase().replace(/^v/, "");
}

function differs(what: "name" | "version", inside: string, entry: string): ChartferryError {
  return new ChartferryError(`the archive has the ${what} ${shown(inside)}, its entry says ${shown(entry)}`, {
    code: "chart-invalid",
    operation: "open chart",
    hint: "Correct the index: the entry and the archive it points to must agree",
  });
}
