import { ChartferryError, type ChartSource, type Note, type SourceItem } from "@chartferry/core";

import { contentOf } from "./fake-target.ts";

export interface FakeSource extends ChartSource {
  /** Every `chart version` that was opened, in order. */
  readonly opened: string[];
  /** Every `chart version` whose provenance was looked for, in order. */
  readonly sought: string[];
  /** Packages opened and not yet released. */
  readonly held: () => number;
  readonly mostHeld: () => number;
}

export interface FakeSourceOptions {
  /** `chart version` → what opening it throws. */
  readonly broken?: Readonly<Record<string, ChartferryError>>;
  /** Thrown after the last item. */
  readonly breaksOff?: Error;
  /** `chart version` → another archive than its name: as if it had been replaced in the source. */
  readonly replaced?: Readonly<Record<string, string>>;
  /** Whether the index says no digests. Default: false. */
  readonly withoutDigests?: boolean;
  /** `chart version` of those that have a provenance, the text `chart version signed`; may change while a test runs. */
  readonly signed?: ReadonlySet<string>;
  /** `chart version` of those whose place does not tell plainly whether it has a provenance; may change while a test runs. */
  readonly doubtful?: ReadonlySet<string>;
  /** `chart version` → another text of its provenance, once it is one of the signed; may change while a test runs. */
  readonly signatures?: Readonly<Record<string, string>>;
  /** `created` as the package says it. */
  readonly created?: string;
  /** Remarks on the source as a whole. */
  readonly notes?: readonly Note[];
  /** Awaited when a chart is opened. */
  readonly beforeOpen?: (name: string) => Promise<void> | void;
}

/** A repository of charts whose archive is the text `chart version`. Items are `chart version`, or `!chart version` for an unreadable entry. */
export function createFakeSource(names: Iterable<string>, options: FakeSourceOptions = {}): FakeSource {
  const { broken = {}, breaksOff, beforeOpen, replaced = {}, notes } = options;
  const opened: string[] = [];
  const sought: string[] = [];
  let [held, mostHeld] = [0, 0];
  return {
    id: "https://charts.test",
    ...(notes === undefined ? {} : { notes: () => notes }),
    opened,
    sought,
    async seekProvenance({ chart, version }) {
      sought.push(`${chart} ${version}`);
      const found = options.signed?.has(`${chart} ${version}`) === true;
      const text = options.signatures?.[`${chart} ${version}`] ?? `${chart} ${version} signed`;
      return { found, notes: doubtOf(`${chart} ${version}`, options), ...(found ? { digest: contentOf(text).digest } : {}) };
    },
    held: () => held,
    mostHeld: () => mostHeld,
    async *versions() {
      for (const name of names) yield itemOf(name, options);
      if (breaksOff !== undefined) throw breaksOff;
    },
    async open({ chart, version }) {
      const name = `${chart} ${version}`;
      opened.push(name);
      await beforeOpen?.(name);
      const failure = broken[name];
      if (failure !== undefined) throw failure;
      mostHeld = Math.max(mostHeld, ++held);
      const metadata = { apiVersion: "v2", name: chart, version };
      return {
        kind: "assemble",
        layer: contentOf(replaced[name] ?? name),
        ...(options.signed?.has(name) === true
          ? { provenance: contentOf(options.signatures?.[name] ?? `${name} signed`), signedFiles: [`${chart}-${version}.tgz`] }
          : {}),
        metadata,
        created: options.created ?? "2021-01-01T00:00:00Z",
        notes: doubtOf(name, options),
        release: async () => void held--,
      };
    },
    close: () => Promise.resolve(),
  };
}

function doubtOf(name: string, { doubtful }: FakeSourceOptions): Note[] {
  return doubtful?.has(name) === true ? [{ code: "provenance-doubtful", text: "taken as unsigned: it answers with status 403" }] : [];
}

function itemOf(name: string, { replaced = {}, withoutDigests = false }: FakeSourceOptions): SourceItem {
  const [chart = "", version = ""] = name.replace("!", "").split(" ");
  if (name.startsWith("!")) {
    const error = new ChartferryError(`entry ${chart} cannot be read`, { code: "entry-invalid", operation: "read index" });
    return { kind: "problem", problem: { chart, version, error } };
  }
  const digest = withoutDigests ? {} : { digest: contentOf(replaced[name] ?? name).digest };
  return { kind: "entry", entry: { chart, version, urls: [`https://charts.test/${chart}-${version}.tgz`], ...digest, notes: [] } };
}
