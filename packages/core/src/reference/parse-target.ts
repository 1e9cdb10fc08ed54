import { ChartferryError } from "../errors.ts";
import { isRegistryHost } from "./host.ts";
import { invalid, refuseRepository, withoutScheme, withoutUser } from "./parse-reference.ts";
import { quote } from "../shown-text.ts";

/** Where charts are pushed below: a namespace of a registry, or a folder of image layouts. */
export type Target =
  | {
      readonly kind: "oci";
      /** Host and optional port, as written. */
      readonly registry: string;
      /** Path that every chart's name is joined to; empty = the registry's root. */
      readonly namespace: string;
    }
  | { readonly kind: "oci-layout"; readonly directory: string };

/**
 * Reads `oci://host[:port][/namespace]` or `oci-layout:DIR`. A trailing slash does no harm.
 * @throws target-unsupported for another scheme, reference-invalid
 */
export function parseTarget(text: string): Target {
  if (text.startsWith("oci-layout:")) return layoutTarget(text);
  if (!text.startsWith("oci://")) throw unsupported(text);
  const rest = withoutScheme(text).replace(/\/+$/, "");
  const slash = rest.indexOf("/");
  const registry = slash === -1 ? rest : rest.slice(0, slash);
  const namespace = slash === -1 ? "" : rest.slice(slash + 1);
  if (!isRegistryHost(registry)) throw invalid(text, `${quote(registry)} is not a host with an optional port`, targetHint);
  if (/[:@]/.test(namespace)) {
    throw invalid(text, "a target has no tag or digest: they come from each chart", targetHint);
  }
  if (namespace !== "") refuseRepository(text, namespace);
  return { kind: "oci", registry, namespace };
}

/** The target as text, in the form that `parseTarget` reads. */
export function formatTarget(target: Target): string {
  if (target.kind === "oci-layout") return `oci-layout:${target.directory}`;
  return target.namespace === "" ? `oci://${target.registry}` : `oci://${target.registry}/${target.namespace}`;
}

const targetHint = "write oci://HOST[:PORT]/NAMESPACE";

function layoutTarget(text: string): Target {
  const directory = text.slice("oci-layout:".length);
  if (directory === "" || directory.includes("\0")) throw invalid(text, "it names no directory", "write oci-layout:DIRECTORY");
  return { kind: "oci-layout", directory };
}

function unsupported(text: string): ChartferryError {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1];
  const host = /^[^/\s]+\.[^/\s]+(?:\/|$)|^localhost\b/.test(text);
  const what = scheme === undefined || host ? "has no scheme" : `has the scheme ${quote(scheme)}`;
  return new ChartferryError(`target ${quote(withoutUser(text))} ${what}, which is not supported`, {
    code: "target-unsupported",
    operation: "read target",
    hint: "write oci://HOST[:PORT]/NAMESPACE or oci-layout:DIRECTORY",
  });
}
