import { ChartferryError } from "../errors.ts";
import type { Note } from "../note.ts";
import { quote } from "../shown-text.ts";
import { epochText, isZeroTime, readRfc3339, readSourceDateEpoch } from "./timestamps.ts";

/** Everything that `org.opencontainers.image.created` may come from, in order of precedence. None of it is the clock. */
export interface CreatedInputs {
  /** The text that stands at another place already (`--created-from`); kept as it is. */
  readonly kept?: string | undefined;
  /** `--created`: RFC 3339. */
  readonly explicit?: string | undefined;
  /** The environment's SOURCE_DATE_EPOCH; empty = not set. */
  readonly sourceDateEpoch?: string | undefined;
  /** `--helm-compatible`: the file's modification time in seconds, as Helm takes it. */
  readonly fileModified?: number | undefined;
  /** The index entry's `created`, as written. */
  readonly indexCreated?: string | undefined;
  /** Seconds, from the tar header of Chart.yaml. */
  readonly chartYamlTime?: number | undefined;
}

export type CreatedRule = "kept" | "explicit" | "source-date-epoch" | "file-modified" | "index" | "chart-yaml" | "epoch";

export interface Created {
  /** RFC 3339, whole seconds, UTC; under the rule `kept` whatever stood there. */
  readonly created: string;
  readonly rule: CreatedRule;
  readonly notes: readonly Note[];
}

/**
 * Chooses `created` from the input alone, so that the same input gives the same manifest digest everywhere and always. An index time
 * that cannot be read is passed over with a remark; where nothing is known it is 1970, with a remark. @throws usage
 */
export function chooseCreated(inputs: CreatedInputs): Created {
  return givenByCaller(inputs) ?? givenByChart(inputs);
}

function givenByCaller(inputs: CreatedInputs): Created | undefined {
  if (inputs.kept !== undefined && inputs.kept.trim() !== "") return { created: inputs.kept, rule: "kept", notes: [] };
  if (inputs.explicit !== undefined) return { created: explicitText(inputs.explicit), rule: "explicit", notes: [] };
  const epoch = readSourceDateEpoch(inputs.sourceDateEpoch);
  if (epoch !== undefined) return { created: epochText(epoch), rule: "source-date-epoch", notes: [] };
  if (inputs.fileModified !== undefined) {
    return { created: epochText(Math.floor(inputs.fileModified)), rule: "file-modified", notes: [] };
  }
  return undefined;
}

function givenByChart({ indexCreated, chartYamlTime }: CreatedInputs): Created {
  const notes: Note[] = [];
  if (indexCreated !== undefined && indexCreated !== "") {
    const read = readRfc3339(indexCreated);
    if (read !== undefined && !isZeroTime(read.seconds)) {
      if (!read.hasZone)
        notes.push({ code: "created-without-zone", text: `the index gives created ${quote(indexCreated)} without a zone: taken as UTC` });
      return { created: epochText(read.seconds), rule: "index", notes };
    }
    notes.push({ code: "created-unreadable", text: `the index gives created ${quote(indexCreated)}, which is no time: passed over` });
  }
  if (chartYamlTime !== undefined && isWritable(chartYamlTime)) return { created: epochText(chartYamlTime), rule: "chart-yaml", notes };
  notes.push({ code: "created-unknown", text: "nothing says when the chart was made: created is 1970-01-01T00:00:00Z" });
  return { created: epochText(0), rule: "epoch", notes };
}

/** Indexes hold other forms as well; whoever writes an option is told. */
const strictRfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):\d{2})$/;

function explicitText(text: string): string {
  const read = strictRfc3339.test(text.trim()) ? readRfc3339(text) : undefined;
  if (read !== undefined) return epochText(read.seconds);
  throw new ChartferryError(`--created ${quote(text)} is not a time`, {
    code: "usage",
    operation: "read --created",
    hint: "write it as RFC 3339, for example 2024-01-02T03:04:05Z",
  });
}

function isWritable(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds > -62_135_596_800 && seconds < 253_402_300_800;
}
