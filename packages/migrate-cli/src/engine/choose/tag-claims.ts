import { createHashSet } from "../tables/hash-set.ts";
import { hashText } from "../tables/hash-text.ts";
import type { ChosenItem } from "./choose-items.ts";
import { namesakeRefusal, type Refusal, rivalRefusal } from "./map-entry.ts";
import type { ChartVersion, Mapping } from "./mapping.ts";

/** Which tags the entries of one run have taken. */
export interface TagClaims {
  /** Takes an entry's tags; why no target may have it, where another has one of them, or its repository. */
  take(entry: ChartVersion, others: Pick<ChosenItem, "rivals" | "namesakes">): Refusal | undefined;
}

export function createTagClaims(mapping: Mapping): TagClaims {
  const taken = createHashSet();
  return {
    take(entry, { rivals, namesakes }) {
      if (namesakes.length > 0) return namesakeRefusal(entry.chart, mapping.nameOf(entry.chart), namesakes);
      if (rivals.length > 0) return rivalRefusal(entry, rivals);
      const marks = marksOf(mapping, entry);
      if (marks.some((mark) => taken.has(mark))) return duplicateTag(entry);
      for (const mark of marks) taken.add(mark);
      return undefined;
    },
  };
}

/** `1.0.0+a` and `1.0.0_a` are one tag. No version has a `_`, but some sources give what is none. */
function marksOf(mapping: Mapping, { chart, version }: ChartVersion): number[] {
  const name = mapping.nameOf(chart);
  return mapping.versionsOf(version).map((each) => hashText(`${name}\n${each.replaceAll("+", "_")}`));
}

function duplicateTag({ chart, version }: ChartVersion): Refusal {
  return {
    reason: "duplicate-tag",
    message: `another entry of ${chart} has the same tag as version ${version}; that one was taken, this one is refused`,
    hint: "remove one of the two from the index",
  };
}
