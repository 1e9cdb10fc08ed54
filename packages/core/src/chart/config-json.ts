import type { ChartMetadata, Dependency, Maintainer } from "./chart-metadata.ts";
import { compareUtf8, goJson, goObject, goString } from "./go-json.ts";

/** The config blob: metadata as compact Go JSON in Helm's field order, without a newline at the end. */
export function configJson(metadata: ChartMetadata): string {
  return assemble([
    ["name", text(metadata.name)],
    ["home", text(metadata.home)],
    ["sources", list(metadata.sources, goString)],
    ["version", text(metadata.version)],
    ["description", text(metadata.description)],
    ["keywords", list(metadata.keywords, goString)],
    ["maintainers", list(metadata.maintainers, maintainerJson)],
    ["icon", text(metadata.icon)],
    ["apiVersion", text(metadata.apiVersion)],
    ["condition", text(metadata.condition)],
    ["tags", text(metadata.tags)],
    ["appVersion", text(metadata.appVersion)],
    ["deprecated", metadata.deprecated === true ? "true" : undefined],
    ["annotations", annotationsJson(metadata.annotations)],
    ["kubeVersion", text(metadata.kubeVersion)],
    ["dependencies", list(metadata.dependencies, dependencyJson)],
    ["type", text(metadata.type)],
  ]);
}

/** A map of texts, keys sorted by UTF-8 bytes; `undefined` when there are none. */
export function annotationsJson(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  const entries = Object.entries(annotations ?? {});
  return entries.length === 0 ? undefined : goObject(entries.toSorted(([a], [b]) => compareUtf8(a, b)));
}

function maintainerJson(maintainer: Maintainer): string {
  return assemble([
    ["name", text(maintainer.name)],
    ["email", text(maintainer.email)],
    ["url", text(maintainer.url)],
  ]);
}

function dependencyJson(dependency: Dependency): string {
  return assemble([
    ["name", goString(dependency.name)],
    ["version", text(dependency.version)],
    ["repository", goString(dependency.repository)],
    ["condition", text(dependency.condition)],
    ["tags", list(dependency.tags, goString)],
    ["enabled", dependency.enabled === true ? "true" : undefined],
    ["import-values", list(dependency.importValues, goJson)],
    ["alias", text(dependency.alias)],
  ]);
}

/** Go's omitempty. */
function text(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : goString(value);
}

function list<Item>(items: readonly Item[] | undefined, write: (item: Item) => string): string | undefined {
  return items === undefined || items.length === 0 ? undefined : `[${items.map(write).join(",")}]`;
}

function assemble(members: readonly (readonly [string, string | undefined])[]): string {
  const parts: string[] = [];
  for (const [key, json] of members) if (json !== undefined) parts.push(`"${key}":${json}`);
  return `{${parts.join(",")}}`;
}
