import { readFileSync } from "node:fs";

/** The version in the package's own package.json, one folder up from source and from build alike. */
export function ownVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return version;
}
