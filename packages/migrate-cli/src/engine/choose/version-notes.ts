import { type Note, quote, versionForm, versionOf } from "@chartferry/core";

/** Helm looks among tags that are strict SemVer. One such tag of a version is enough. */
export function versionNotes(tags: readonly string[]): Note[] {
  const forms = tags.map((tag) => versionForm(versionOf(tag)));
  const [form] = forms;
  if (form === undefined || forms.includes("strict")) return [];
  const version = quote(versionOf(tags[0] ?? ""));
  return [{ code: form, text: `the version ${version} is found by its exact text only, by no range: helm pull --version ${version}` }];
}

const codes: ReadonlySet<string> = new Set(["leading-v", "two-part-version", "loose-version"]);

/** Whether it speaks of the version's text, as `versionNotes` does. */
export function isVersionNote({ code }: Note): boolean {
  return codes.has(code);
}
