import { isDigest, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { isTag, versionOf } from "./chart-tag.ts";
import { isRegistryHost } from "./host.ts";
import { quote } from "../shown-text.ts";
import { repositoryProblem } from "./repository-name.ts";

/** A chart in a registry. */
export interface Reference {
  /** Host and optional port, as written. */
  readonly registry: string;
  /** Path within the registry. */
  readonly repository: string;
  /** As the registry knows it: `_` where the version has `+`. */
  readonly tag?: string;
  readonly digest?: Digest;
  /** The chart version that was asked for; a range stays a range and has no tag. */
  readonly version?: string;
}

export interface ReferenceOptions {
  /** `--version`: a version in either spelling, or a range. */
  readonly version?: string | undefined;
}

/**
 * Reads `oci://host[:port]/path[:tag][@digest]`. A `+` version is understood as `:1.0.0+b`, `:1.0.0_b` and by the version option
 * (Helm knows only the last: helm#13368). @throws reference-invalid; name-invalid for the version
 */
export function parseReference(text: string, options: ReferenceOptions = {}): Reference {
  const rest = withoutScheme(text);
  const { name, digest } = cutDigest(text, rest);
  const { path, tag } = cutTag(text, name);
  const slash = path.indexOf("/");
  const registry = slash === -1 ? path : path.slice(0, slash);
  const repository = slash === -1 ? "" : path.slice(slash + 1);
  if (!isRegistryHost(registry)) throw invalid(text, `${quote(registry)} is not a host with an optional port`);
  if (repository === "") {
    throw invalid(text, "it names no repository after the host", "write oci://HOST/PATH/CHART");
  }
  refuseRepository(text, repository);
  return { registry, repository, ...(digest === undefined ? {} : { digest }), ...versionAndTag(text, tag, options.version) };
}

/** A chart in a folder of image layouts: the directory stands in the registry's place. */
export const layoutScheme = "oci-layout:";

/**
 * Reads `oci-layout:DIR/CHART[:VERSION][@DIGEST]`; DIR may be left out for the current folder. What `oci-layout:DIR` as a target wrote.
 * @throws reference-invalid; name-invalid for the version
 */
export function parseLayoutReference(text: string, options: ReferenceOptions = {}): Reference {
  const rest = text.slice(layoutScheme.length);
  const { name, digest } = cutDigest(text, rest.includes("/") ? rest : `./${rest}`);
  const { path, tag } = cutTag(text, name);
  const slash = path.lastIndexOf("/");
  const repository = path.slice(slash + 1);
  if (repository === "" || path.includes("\0")) throw invalid(text, "it names no chart", "write oci-layout:DIR/CHART[:VERSION][@DIGEST]");
  refuseRepository(text, repository);
  const registry = path.slice(0, slash) || "/";
  return { registry, repository, ...(digest === undefined ? {} : { digest }), ...versionAndTag(text, tag, options.version) };
}

/** The reference as text, `oci://` included, tag and digest if it has them. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `oci://${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** What follows `oci://`. @throws reference-invalid */
export function withoutScheme(text: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme === undefined) throw invalid(text, "it has no scheme", "put oci:// in front");
  if (scheme !== "oci") {
    throw invalid(text, `its scheme is ${quote(scheme)}`, "only oci:// names a chart in a registry");
  }
  const rest = text.slice("oci://".length);
  const at = rest.indexOf("@");
  const slash = rest.indexOf("/");
  if (at !== -1 && (slash === -1 || at < slash)) {
    throw invalid(
      text,
      "it carries a user name or password",
      "leave them out: sign in with --username and --password-stdin, or with helm registry login",
    );
  }
  return rest;
}

/** A reference error, without the user name and password that the text may carry. */
export function invalid(text: string, reason: string, hint?: string): ChartferryError {
  return new ChartferryError(`reference ${quote(withoutUser(text))} cannot be read: ${reason}`, {
    code: "reference-invalid",
    operation: "read reference",
    hint: hint ?? "write oci://HOST[:PORT]/PATH/CHART[:VERSION][@DIGEST]",
  });
}

/** A name that was written for one chart or for all: it speaks of the reference, not of a chart that a repository holds. @throws reference-invalid */
export function refuseRepository(text: string, path: string): void {
  const problem = repositoryProblem(path);
  if (problem === undefined) return;
  throw invalid(text, `no registry takes the repository: ${problem}`, /[A-Z]/.test(path) ? "write it in lower case" : undefined);
}

/** The text without what stands before an `@` in front of the host. */
export function withoutUser(text: string): string {
  return text.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)?[^/]*@/, "$1…@");
}

function cutDigest(text: string, rest: string): { name: string; digest?: Digest } {
  const at = rest.lastIndexOf("@");
  if (at === -1) return { name: rest };
  const digest = rest.slice(at + 1);
  if (!isDigest(digest)) {
    throw invalid(text, `${quote(digest)} is not a digest`, "a digest is sha256: and 64 hex digits in lower case");
  }
  return { name: rest.slice(0, at), digest };
}

function cutTag(text: string, name: string): { path: string; tag?: string } {
  const colon = name.lastIndexOf(":");
  // A colon with a slash after it, or before any slash, belongs to the port.
  if (colon === -1 || name.includes("/", colon) || !name.slice(0, colon).includes("/")) return { path: name };
  const tag = name.slice(colon + 1).replaceAll("+", "_");
  if (!isTag(tag)) {
    throw invalid(
      text,
      `${quote(name.slice(colon + 1))} is not a tag`,
      "a tag has at most 128 letters, digits, `_`, `.`, `-` (and `+` in a version)",
    );
  }
  return { path: name.slice(0, colon), tag };
}

function versionAndTag(text: string, tag: string | undefined, asked: string | undefined): Pick<Reference, "tag" | "version"> {
  const version = asked === undefined || asked === "" ? undefined : asked;
  if (version === undefined) return tag === undefined ? {} : { tag, version: versionOf(tag) };
  const asTag = version.replaceAll("+", "_");
  if (tag !== undefined && asTag !== tag) {
    throw invalid(text, `its tag ${quote(tag)} and the version ${quote(version)} differ`, "give one of them, or the same in both");
  }
  if (tag !== undefined) return { tag, version: versionOf(tag) };
  return isExactVersion(asTag) ? { tag: asTag, version: versionOf(asTag) } : { version };
}

/** Whether Helm takes the text as the tag itself rather than as a range: its loose version grammar. */
function isExactVersion(asTag: string): boolean {
  return isTag(asTag) && /^v?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:_[0-9A-Za-z.-]+)?$/.test(asTag);
}
