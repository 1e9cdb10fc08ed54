import type { ErrorCode } from "@chartferry/core";

import type { FaultName } from "./faults.ts";
import { kindFacts, type RequestKind } from "./request-kinds.ts";
import type { Cell } from "./run-cell.ts";

/** `arrives`, `unsigned` = it arrives, and its provenance is taken for absent; else the code that it fails with. */
export type Verdict = "arrives" | "unsigned" | ErrorCode;

type Disturbed = Cell & { readonly fault: FaultName };

/**
 * What must come of a cell, by rule: nothing here was copied from a run. The first rule that has an answer decides; what is said of
 * one request comes before what is said of all.
 */
export function expectedOutcome(cell: Disturbed): Verdict {
  for (const rule of rules) {
    const verdict = rule(cell);
    if (verdict !== undefined) return verdict;
  }
  throw new Error(`no rule says what comes of ${cell.kind} with ${cell.fault}`);
}

type Rule = (cell: Disturbed) => Verdict | undefined;

/** What passes with time is repeated; where it stays, this is its name. */
const passing: Partial<Record<FaultName, ErrorCode>> = {
  "reset-before": "connection-lost",
  "reset-middle": "connection-lost",
  "reset-after": "connection-lost",
  truncated: "connection-lost",
  silence: "timeout",
  stall: "timeout",
  drip: "timeout",
  "status-500": "unavailable",
  "status-502": "unavailable",
  "status-503": "unavailable",
  "status-429": "rate-limited",
  "retry-after": "rate-limited",
};

/** Faults that let the server do what it was asked, and lose what it says of it. */
const unheard = new Set<FaultName>(["reset-after", "stall", "drip", "truncated"]);

const looksOnly = new Set<RequestKind>(["head-manifest", "head-blob"]);

/** What a 404 means depends on what was asked for. */
const notFound: Readonly<Record<RequestKind, Verdict>> = {
  "get-index": "index-missing",
  "get-chart": "source-missing",
  "get-provenance": "unsigned",
  ping: "arrives",
  token: "unsupported",
  // Nothing stands there, says the registry: so it is pushed.
  "list-tags": "arrives",
  "get-manifest": "arrives",
  "head-manifest": "arrives",
  "head-blob": "arrives",
  // This registry does not take whole blobs: then in two steps.
  "post-blob": "arrives",
  "start-upload": "repository-missing",
  "put-blob": "upload-lost",
  "put-manifest": "repository-missing",
};

/** These are read whole, within a bound; other bodies are read as they come, or not at all. */
const readWhole = new Set<RequestKind>(["token", "list-tags", "get-manifest"]);

const rules: readonly Rule[] = [
  // Who never answers would let every further request wait as long.
  ({ kind, fault, lasting }) => (kind === "ping" && fault === "silence" && lasting ? "timeout" : undefined),
  // The first look tells only which adapter fits. What would go wrong again in the same way is said at once.
  ({ kind, fault, lasting }) => (kind === "ping" && fault === "silence" && lasting ? "timeout" : undefined),
  ({ kind, fault }) => (kind === "ping" && !["redirect-http", "redirect-loop", "garbage"].includes(fault) ? "arrives" : undefined),

  // Whether there is provenance must be known, and a page instead of it counts as "no": everything else may not drop it in silence.
  ({ kind, fault }) => (kind === "get-provenance" && (fault === "html" || fault === "status-404") ? "unsigned" : undefined),
  (cell) => (cell.kind === "get-provenance" && !mayArrive(cell) ? "provenance-unavailable" : undefined),

  // A blob that the registry has acknowledged to nobody is found by the look before the next attempt.
  ({ kind, fault }) => ((kind === "put-blob" || kind === "post-blob") && unheard.has(fault) ? "arrives" : undefined),
  // The index knows how long it should be.
  ({ kind, fault, lasting }) =>
    kind === "get-index" && lasting && ["stall", "drip", "truncated", "huge"].includes(fault) ? "index-truncated" : undefined,
  ({ fault, lasting }) => (fault in passing ? (lasting ? passing[fault] : "arrives") : undefined),
  // What is read as it comes ends early then.
  ({ kind, fault, lasting }) =>
    fault === "huge" && kindFacts[kind].place === "source" ? (lasting ? "connection-lost" : "arrives") : undefined,
  // Longer than anybody may wait.
  ({ fault }) => (fault === "retry-late" ? "rate-limited" : undefined),

  // A token may have been withdrawn, but not one that was asked for a moment ago (the listing comes first); a password that is refused is wrong.
  ({ kind, fault, lasting }) => {
    if (fault !== "status-401") return undefined;
    return kindFacts[kind].place === "registry" && kind !== "list-tags" && !lasting ? "arrives" : "unauthenticated";
  },
  // The session is begun anew. Without a token from its service a listing is done without, and the next request asks for one again.
  ({ kind, fault, lasting }) => (fault === "status-404" && !lasting && (kind === "put-blob" || kind === "token") ? "arrives" : undefined),
  ({ kind, fault }) => (fault === "status-404" ? notFound[kind] : undefined),

  ({ fault }) => (fault === "redirect-same" ? "arrives" : undefined),
  // Files may lie anywhere; what needs our password may not.
  ({ kind, fault }) => (fault === "redirect-other" && kindFacts[kind].place === "source" ? "arrives" : undefined),
  ({ fault }) => (fault.startsWith("redirect-") ? "redirect-refused" : undefined),

  ({ kind, fault }) => (fault === "html" && kind === "get-index" ? "index-invalid" : undefined),
  ({ kind, fault }) => (fault === "html" && kind === "get-chart" ? "digest-mismatch" : undefined),
  // An answer without a body that does not say what it must is followed by the request that does.
  ({ kind, fault }) => (["html", "wrong-digest", "bare"].includes(fault) && looksOnly.has(kind) ? "arrives" : undefined),
  ({ kind, fault }) => (fault === "huge" && readWhole.has(kind) ? "too-large" : undefined),
  ({ kind, fault }) => (fault === "huge" && kindFacts[kind].place === "registry" ? "arrives" : undefined),
  ({ fault }) => (fault === "html" || fault === "garbage" ? "protocol-violation" : undefined),
  ({ fault }) => (fault === "wrong-digest" ? "digest-mismatch" : undefined),
  ({ kind, fault }) => (fault === "bare" && kind === "start-upload" ? "protocol-violation" : undefined),
  ({ fault }) => (fault === "bare" || fault === "closing" ? "arrives" : undefined),
];

function mayArrive({ fault, lasting }: Disturbed): boolean {
  return ["closing", "redirect-same", "redirect-other"].includes(fault) || (fault in passing && !lasting);
}
