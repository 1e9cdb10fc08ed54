import { printable } from "@chartferry/core";

/** One thing to tell of one version. */
export interface Cause {
  readonly kind: string;
  readonly code: string;
  readonly text: string;
  readonly hint?: string | undefined;
  readonly target?: string | undefined;
  /** `chart version` */
  readonly example: string;
}

/** Things to tell, gathered by kind, code and target: a count, the first text, a few examples. */
export interface Causes {
  add(cause: Cause): void;
  lines(): string[];
}

/** Versions named per cause; JSON has them all. */
const examplesShown = 5;
/** Codes are a closed list, but for what a failing host makes of it. */
const mostCauses = 500;

export function createCauses(): Causes {
  const groups = new Map<string, { readonly first: Cause; count: number; readonly examples: string[] }>();
  return {
    add(cause) {
      const key = `${cause.kind}\n${cause.code}\n${cause.target ?? ""}`;
      const group = groups.get(key) ?? { first: cause, count: 0, examples: [] };
      if (groups.size >= mostCauses && !groups.has(key)) return;
      group.count++;
      if (group.examples.length < examplesShown) group.examples.push(cause.example);
      groups.set(key, group);
    },
    lines: () => [...groups.values()].flatMap(groupLines),
  };
}

function groupLines({
  first,
  count,
  examples,
}: {
  readonly first: Cause;
  readonly count: number;
  readonly examples: readonly string[];
}): string[] {
  const { kind, code, text, hint, target } = first;
  const more = count > examples.length ? `, and ${count - examples.length} more` : "";
  const where = target === undefined ? "" : ` at ${printable(target)}`;
  const head = `${kind} ${printable(code)} (${count})${where}: ${examples.map((example) => printable(example, 200)).join(", ")}${more}`;
  return [
    head.replace(/: $/, ""),
    `  ${count > 1 ? "first: " : ""}${printable(text)}`,
    ...(hint === undefined ? [] : [`  try: ${printable(hint)}`]),
  ];
}
