import type { EntryDependency } from "../source/chart-source.ts";
import { entryFields } from "./index-keys.ts";
import { isMap, listOf } from "./parsed-value.ts";

/** Per entry; an umbrella of more charts says the same of the rest. */
const mostDependencies = 64;
/** Characters; longer ones are no name and no url. */
const longestText = 512;

/** The dependencies that name a repository. Whatever is not of that form is passed over: it decides nothing about the copy. */
export function readDependencies(value: unknown): readonly EntryDependency[] {
  return (listOf(value) ?? []).slice(0, mostDependencies).flatMap((item) => {
    if (!isMap(item)) return [];
    const fields = entryFields(item);
    const [name, repository] = [textOf(fields["name"]), textOf(fields["repository"])];
    return name === undefined || repository === undefined ? [] : [{ name, repository }];
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= longestText ? value : undefined;
}
