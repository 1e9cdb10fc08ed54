import type { ChartMetadata, Maintainer } from "../chart/chart-metadata.ts";

const prefix = "org.opencontainers.image.";
/** Those that Chart.yaml cannot override. */
const fixed: ReadonlySet<string> = new Set([`${prefix}version`, `${prefix}title`]);

/** The manifest's annotations as `helm push` makes them; `created` is RFC 3339 text. */
export function manifestAnnotations(metadata: ChartMetadata, created: string): Record<string, string> {
  const annotations: Record<string, string> = Object.create(null);
  const add = (name: string, value: string | undefined): void => {
    // Go's TrimSpace; texts are sanitised, so every kind of space but those of version and `created` is U+0020 already.
    if (value !== undefined && value.trim() !== "") annotations[prefix + name] = value;
  };
  add("description", metadata.description);
  add("title", metadata.name);
  add("version", metadata.version);
  add("url", metadata.home);
  add("created", created);
  add("source", metadata.sources?.[0]);
  add("authors", metadata.maintainers?.map(author).join(", "));
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) if (!fixed.has(key)) annotations[key] = value;
  return annotations;
}

/** A missing name leaves the space before the address: so does Helm. */
function author({ name = "", email = "" }: Maintainer): string {
  return email === "" ? name : `${name} (${email})`;
}
