import { type Connection, isChartferryError, parseTarget, printable, type Rights, type SignedIn } from "@chartferry/core";

import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import type { TargetFlags } from "./flags.ts";
import { connectOptions } from "./open-targets.ts";
import { registryHost } from "./registry-host.ts";

export interface WhoamiFlags extends TargetFlags {
  readonly output: "text" | "json";
}

interface Findings {
  readonly registry: string;
  readonly adapter: string;
  /** Where the credential was found that the registry took. */
  readonly credential: string | undefined;
  readonly repository?: string;
  readonly rights?: Rights | undefined;
}

/** Signs in and says with what; for a repository also what may be done there. Ends with 1 where pulling or pushing is refused. */
export async function runWhoami(
  { place, flags }: { readonly place: string; readonly flags: WhoamiFlags },
  terminal: Terminal,
): Promise<ExitCode> {
  const { registry, repository } = parsePlace(place);
  const options = await connectOptions(flags, terminal, registry);
  // Who only looks asks for no more rights than the question needs.
  const connection = await connectRegistry({ ...options, registry, readOnly: true });
  try {
    const findings = await find(connection, repository, options.signal);
    terminal.out(flags.output === "json" ? `${JSON.stringify(asJson(findings))}\n` : asText(findings));
    return isRefused(findings.rights) ? exitCodes.someFailed : exitCodes.done;
  } finally {
    await connection.close();
  }
}

function parsePlace(place: string): { readonly registry: string; readonly repository: string | undefined } {
  const [, host = "", path = ""] = /^(?:oci:\/\/)?([^/]+)\/?(.*)$/i.exec(place) ?? [];
  if (path === "") return { registry: registryHost(place), repository: undefined };
  const target = parseTarget(`oci://${host}/${path}`);
  return { registry: registryHost(host), repository: target.kind === "oci" ? target.namespace : path };
}

async function find(connection: Connection, repository: string | undefined, signal: AbortSignal | undefined): Promise<Findings> {
  const signedIn = await ping(connection, { repository, signal });
  const found = { registry: connection.registry, adapter: connection.adapter, credential: signedIn.credentialSource };
  if (repository === undefined) return found;
  return { ...found, repository, rights: await connection.checkRights?.(repository, { signal }) };
}

/** A user confined to one repository is refused at the registry's root (Artifactory): the repository itself is then asked. */
async function ping(
  connection: Connection,
  { repository, signal }: { readonly repository: string | undefined; readonly signal: AbortSignal | undefined },
): Promise<SignedIn> {
  try {
    return await connection.ping({ signal });
  } catch (error) {
    if (repository !== undefined && isChartferryError(error, "denied", "denied-or-missing")) return { credentialSource: undefined };
    throw error;
  }
}

function isRefused(rights: Rights | undefined): boolean {
  return rights !== undefined && [rights.pull, rights.push].some((right) => isChartferryError(right));
}

function asText({ registry, adapter, credential, repository, rights }: Findings): string {
  const lines = [
    `registry   ${registry} (${adapter})`,
    `signed in  ${credential === undefined ? "as nobody" : `with ${printable(credential)}`}`,
  ];
  if (repository !== undefined && rights !== undefined)
    lines.push(`repository ${repository}`, `pull       ${inWords(rights.pull)}`, `push       ${inWords(rights.push)}`);
  return `${lines.join("\n")}\n`;
}

function inWords(right: Rights["pull"]): string {
  if (right === "granted") return "yes";
  if (right === "absent") return "nothing is there yet";
  return `no: ${right.message} [${right.code}]`;
}

function asJson({ rights, credential, ...findings }: Findings): object {
  const asked = rights === undefined ? {} : { pull: rightAsJson(rights.pull), push: rightAsJson(rights.push) };
  return { ...findings, credential: credential ?? null, ...asked };
}

function rightAsJson(right: Rights["pull"]): object {
  return isChartferryError(right) ? { right: "refused", code: right.code, message: right.message } : { right };
}
