import { ChartferryError } from "../errors.ts";
import { describeBytes } from "../source/describe-bytes.ts";

/** For an index that Helm itself would not load. */
export const withoutApiVersion = {
  kind: "note",
  note: { code: "index-without-api-version", text: "the index has no apiVersion: Helm refuses to load it" },
} as const;

/** For an index after whose entries nothing comes that would show its end. */
export const endUnknown = {
  code: "index-end-unknown",
  text: "the index ends with its entries, and no generated line follows: whether it is complete cannot be seen",
} as const;

/** The text is no index that we can read. */
export function indexInvalid(reason: string, hint?: string): ChartferryError {
  return new ChartferryError(`the index cannot be read: ${reason}`, {
    code: "index-invalid",
    operation: "read index",
    hint: hint ?? "Regenerate it with helm repo index",
  });
}

/** The text is an index that ends too early: nothing may be concluded from what is missing. `wayOut`: how to say that it is whole. */
export function indexTruncated(reason: string, wayOut = "end it with a newline"): ChartferryError {
  return new ChartferryError(`the index is cut off: ${reason}`, {
    code: "index-truncated",
    operation: "read index",
    hint: `Fetch or upload the index again; if it is complete as it is, ${wayOut}`,
  });
}

/** Refuses what is no YAML or JSON at first sight. `head`: the first bytes as latin1. @throws index-invalid */
export function refuseForeignContent(head: string): void {
  const bytes = Buffer.from(head.slice(0, 4096), "latin1");
  const { kind, words } = describeBytes(bytes);
  if (kind === "empty") throw indexInvalid("it is empty");
  if (kind === "html")
    throw indexInvalid(`it is ${words} instead of YAML`, "Check the url: a sign-in page, a proxy or a 404 page may have answered");
  if (kind === "xml") throw indexInvalid(`it is ${words} instead of YAML`, "Check the url: object stores answer errors as XML");
  if (kind === "gzip" || kind === "binary" || kind === "git-lfs") throw indexInvalid(`it is ${words} instead of YAML`);
}
