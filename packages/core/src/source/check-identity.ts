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
  // What counts as the name is the key; the entry below it may name itself as it likes.
  const said = what === "name" ? `the key in the index is ${shown(entry)}` : `its entry says ${shown(entry)}`;
  return new ChartferryError(`the archive has the ${what} ${shown(inside)}, ${said}`, {
    code: "chart-invalid",
    operation: "open chart",
    hint: isOneNumber(inside, entry)
      ? "Quote the version in Chart.yaml and in the index: without quotes Chart.yaml's is a number, and 1.0 is read as 1, as Helm reads it"
      : "Correct the index: the entry and the archive it points to must agree",
  });
}

/** Two spellings of a version that YAML takes for a number. */
function isOneNumber(inside: string, entry: string): boolean {
  return [inside, entry].every((text) => /^\d+(?:\.\d+)?$/.test(text)) && Number(inside) === Number(entry);
}
