import { indexInvalid, indexTruncated } from "./index-error.ts";
import { topFields, topKey } from "./index-keys.ts";
import { latin1Chunks, utf8Text } from "./index-input.ts";
import type { IndexContent } from "./index-input.ts";
import { parseIndexYaml, yamlReason, type ParsedYaml } from "./parse-index-yaml.ts";
import { isMap } from "./parsed-value.ts";
import type { ChartList } from "./repeated-yaml-keys.ts";

export interface WholeOptions {
  /** Why the file cannot be read piece by piece; for the message when it is too large. */
  readonly reason: string;
  /** Bytes. Default: 64 MiB; parsing takes about five times as much memory. */
  readonly wholeLimit: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface WholeIndex {
  readonly topLevel: Readonly<Record<string, unknown>>;
  readonly duplicateKeys: boolean;
  /** Every chart's list in order, where they are more than `topLevel` holds; a chart may have several. */
  readonly lists: readonly ChartList[] | undefined;
  /** The text ends in the middle of a line: what is missing may be what was cut off. */
  readonly endsOpen: boolean;
  /** The entries come last and no bracket closes them: more of them may have been cut off. */
  readonly endUnknown: boolean;
}

const defaultLimit = 64 * 1024 * 1024;

/** Parses an index at once: YAML in a form that cannot be read piece by piece. @throws index-invalid, index-truncated */
export async function parseWholeIndex(content: IndexContent, options: WholeOptions): Promise<WholeIndex> {
  const text = await readText(content, options);
  const { value, duplicateKeys, lists } = parseYaml(text);
  if (!isMap(value)) throw indexInvalid("it holds no map of keys");
  const endUnknown = topKey(Object.keys(value).at(-1) ?? "") === "entries" && !/[}\]]$/.test(text.slice(-64).trimEnd());
  const top = topFields(value);
  return {
    topLevel: top.topLevel,
    duplicateKeys,
    lists: lists ?? top.lists,
    endsOpen: !/[\n}]$/.test(text.slice(-1)),
    endUnknown,
  };
}

/** Every chart's list, in order as far as that is known. */
export function chartLists({ topLevel, lists }: WholeIndex): readonly ChartList[] {
  const entries = topLevel["entries"];
  return lists ?? (isMap(entries) ? Object.entries(entries).map(([chart, value]) => ({ chart, value })) : []);
}

async function readText(content: IndexContent, { reason, wholeLimit: limit = defaultLimit, signal }: WholeOptions): Promise<string> {
  const chunks: string[] = [];
  let size = 0;
  for await (const chunk of latin1Chunks(content, signal)) {
    size += chunk.length;
    if (size > limit) {
      const hint = "Regenerate it with helm repo index, whose form can be read at any size";
      throw indexInvalid(`${reason}, and it is larger than the ${limit} bytes that are parsed at once`, hint);
    }
    chunks.push(chunk);
  }
  return utf8Text(chunks.join(""));
}

function parseYaml(text: string): ParsedYaml {
  try {
    return parseIndexYaml(text);
  } catch (error) {
    const end = text.trimEnd();
    // A whole flow document ends with its bracket; a whole block document with a line end.
    const whole = end.startsWith("{") ? end.endsWith("}") : text.endsWith("\n");
    const reason = yamlReason(error, 1);
    throw whole ? indexInvalid(reason) : indexTruncated(reason);
  }
}
