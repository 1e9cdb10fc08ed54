import { layoutScheme, parseLayoutReference, parseReference, printable } from "@chartferry/core";

import { checkDestination } from "../engine/destination-folder.ts";
import { pullChart } from "../engine/pull-chart.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import type { TargetFlags } from "./flags.ts";
import { connectOptions } from "./open-targets.ts";

export interface PullFlags extends TargetFlags {
  readonly version?: string;
  readonly destination: string;
  readonly prov?: boolean;
}

/** stdout gets the path of the chart, stderr the rest. */
export async function runPull(
  { reference: text, flags }: { readonly reference: string; readonly flags: PullFlags },
  terminal: Terminal,
): Promise<ExitCode> {
  const inFolder = text.startsWith(layoutScheme);
  const reference = inFolder ? parseLayoutReference(text, { version: flags.version }) : parseReference(text, { version: flags.version });
  await checkDestination(flags.destination);
  const options = await connectOptions(flags, terminal, reference.registry);
  // The scheme names the adapter: a folder has no host to find it by.
  const place = inFolder ? { registry: reference.registry, adapter: "oci-layout" } : { registry: reference.registry.toLowerCase() };
  const connection = await connectRegistry({ ...options, end: "source", ...place });
  try {
    const store = await connection.openStore(reference.repository);
    const signal = AbortSignal.any([terminal.interrupt, terminal.abort]);
    const pulled = await pullChart({ reference, store, directory: flags.destination, provenance: flags.prov === true, signal });
    terminal.out(`${printable(pulled.path)}\n`);
    terminal.err(`digest: ${pulled.manifestDigest}\n`);
    if (flags.prov === true && pulled.provenancePath === undefined) terminal.err("note: this chart has no provenance\n");
    return exitCodes.done;
  } finally {
    await connection.close();
  }
}
