import type { Listener } from "./load-yaml.ts";

/** Where the parser found a scalar. */
export interface ScalarPlace {
  /** Where the parser began to look for it: blanks, comments and properties may follow. */
  readonly from: number;
  readonly end: number;
  readonly result: unknown;
}

/** Watches one parse for its scalars, in the order of the text. */
export function collectScalars(): { readonly listener: Listener; readonly places: readonly ScalarPlace[] } {
  const places: ScalarPlace[] = [];
  const open: number[] = [];
  return {
    places,
    listener(event, { position, kind, result }) {
      if (event === "open") {
        open.push(position);
        return;
      }
      const from = open.pop() ?? 0;
      if (kind === "scalar") addPlace(places, { from, end: position, result });
    },
  };
}

/** The parser may go back and read a part again, and a scalar that could be a key is read within another node. */
function addPlace(places: ScalarPlace[], place: ScalarPlace): void {
  while ((places.at(-1)?.end ?? 0) > place.from) places.pop();
  places.push(place);
}

/** What stands before a scalar within its node. */
const properties = /(?:[ \t\r\n]+|#[^\r\n]*|[&!][^\s,[\]{}]*)*/y;

/** Where the scalar itself begins. */
export function scalarStart(text: string, from: number): number {
  properties.lastIndex = from;
  return from + (properties.exec(text)?.[0].length ?? 0);
}
