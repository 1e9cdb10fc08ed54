import { type Connection, formatTarget, type HostTraffic, parseTarget, type Target, type TellPause } from "@chartferry/core";

import { createCreatedFrom, type CreatedFrom } from "../engine/choose/created-from.ts";
import { createMapping } from "../engine/choose/mapping.ts";
import type { MappingOptions } from "../engine/choose/mapping.ts";
import type { MigrationTarget } from "../engine/migrate-options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import type { TargetFlags } from "./flags.ts";
import { openNamed, registryOf, tlsOptions } from "./open-targets.ts";
import { requestLog } from "./request-log.ts";

/** `--created-from`: a target of the run, or another place that is only read. */
export interface CreatedFromFlag {
  /** Part of the rule for `created`, in the journal's key. */
  readonly id: string;
  /** For the source, which is opened before the targets: answers once `open` is done. */
  readonly ask: CreatedFrom;
  /** Uses the target's own connection where it is one of them. */
  open(targets: readonly MigrationTarget[]): Promise<void>;
  /** Of a place that is none of the targets; those count their own. */
  traffic(): Readonly<Record<string, HostTraffic>>;
  close(): Promise<void>;
}

export interface CreatedFromContext {
  readonly flags: TargetFlags;
  readonly mapping: MappingOptions;
  readonly terminal: Terminal & { readonly onSourcePause?: TellPause | undefined };
}

/** @throws target-unsupported, reference-invalid */
export function readCreatedFrom(text: string, context: CreatedFromContext): CreatedFromFlag {
  const place = parseTarget(text);
  const id = formatTarget(place);
  let answer: CreatedFrom | undefined;
  let own: Connection | undefined;
  return {
    id,
    ask: async (question) => answer?.(question),
    async open(targets) {
      const target = targets.find((each) => each.id === id);
      own = target === undefined ? await connect(place, context) : undefined;
      const connection = target?.connection ?? own;
      if (connection === undefined) return;
      const namespace = place.kind === "oci" ? place.namespace : "";
      const createdFrom = createCreatedFrom({ connection, namespace, mapping: createMapping(context.mapping) });
      answer = async (question) => {
        await target?.opened;
        return createdFrom(question);
      };
    },
    traffic: () => own?.traffic() ?? {},
    close: async () => own?.close(),
  };
}

/** Signed in by credential files only: user, password, client certificate and leave to go without TLS were given for the targets. */
async function connect(place: Target, { flags, terminal }: CreatedFromContext): Promise<Connection> {
  const { caFile, maxWait } = flags;
  const registryConfig = await openNamed(flags.registryConfig, terminal);
  return connectRegistry({
    ...registryOf(place),
    config: flags.config,
    end: "source",
    environment: terminal.environment,
    signal: AbortSignal.any([terminal.interrupt, terminal.abort]),
    tls: await tlsOptions(caFile === undefined ? {} : { caFile }, terminal),
    maxWaitMs: maxWait,
    stopWaiting: terminal.interrupt,
    onPause: terminal.onSourcePause,
    signInOptions: "--registry-config",
    ...requestLog(flags, terminal),
    ...(registryConfig === undefined ? {} : { registryConfig }),
  });
}
