import { checkCredentialFile, formatTarget, isChartferryError, parseTarget } from "@chartferry/core";
import type { HostPause, NamedFile, OpenConnectionOptions, Target, TlsOptions } from "@chartferry/core";

import type { MigrationTarget } from "../engine/migrate-options.ts";
import { realPlace } from "../engine/real-place.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry, type ConnectRegistryOptions } from "./connect-registry.ts";
import type { TargetFlags } from "./flags.ts";
import { lateConnection } from "./late-connection.ts";
import { type PasswordFlags, readCredential, usage } from "./read-password.ts";
import { passedOverLog, requestLog } from "./request-log.ts";

export interface TargetOptions {
  readonly flags: TargetFlags;
  /** Versions in flight, where the user said so: there must be as many connections. */
  readonly concurrency?: number | undefined;
  /** They are only looked at. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** Told of every registry that holds us back, and whose it is. */
  readonly onPause?: ((pause: HostPause, target: string) => void) | undefined;
}

/**
 * Connects to every target that was named, and waits for the first that can be used: each of the others is used as soon as it is open too, and one
 * that cannot be reached fails by itself. Folders are waited for, so that their mistakes are told before anything begins; so are mistakes of the user's
 * at a registry that show by then. Later ones fail that target.
 * Once the user has interrupted nobody is waited for: what is not open by then fails so.
 * @throws usage, target-unsupported, and whatever keeps every target from being reached
 */
export async function openTargets(
  texts: readonly string[],
  { flags, concurrency = 0, readOnly = false, onPause }: TargetOptions,
  terminal: Terminal,
): Promise<MigrationTarget[]> {
  const targets = await readTargets(texts, flags);
  const connecting = connectOptions(flags, terminal, targets[0] && registryOf(targets[0]).registry);
  await connecting.catch((error: unknown) => {
    // Each target fails with it then.
    if (!terminal.interrupt.aborted) throw error;
  });
  const opening = targets.map((target) =>
    openTarget(target, async () => ({
      ...(await connecting),
      connections: Math.max(defaultConnections, concurrency),
      readOnly,
      onPause: (pause) => onPause?.(pause, formatTarget(target)),
    })),
  );
  const failures = new Map<number, unknown>();
  const settled = opening.map(({ opened }, index) => opened.catch((error: unknown) => failures.set(index, error)));
  await Promise.all(settled.filter((_, index) => targets[index]?.kind !== "oci"));
  const hasOpened = await Promise.any(opening.map(({ opened }) => opened)).then(
    () => true,
    () => false,
  );
  const reasons = [...failures].toSorted(([left], [right]) => left - right).map(([, reason]) => reason);
  const mistake = reasons.find((reason) => !mayFailAlone(reason));
  // An interrupted run still says what it was asked, and that nothing of it was done.
  if ((hasOpened || terminal.interrupt.aborted) && mistake === undefined) return opening;
  await closeTargets(opening);
  throw mistake ?? reasons[0];
}

const defaultConnections = 16;

/** What the words mean, before anybody is asked. @throws usage, target-unsupported, reference-invalid */
export async function readTargets(texts: readonly string[], flags: TargetFlags): Promise<readonly Target[]> {
  const targets = texts.map((text) => parseTarget(text));
  await refuseTwice(targets);
  refuseSharedCredentials(targets, flags);
  refuseSharedLeniency(targets, flags);
  return targets;
}

/** Mistakes of the user's are told before anything begins. */
function mayFailAlone(error: unknown): boolean {
  return isChartferryError(error) && !["usage", "file-missing", "file-unreadable", "name-invalid"].includes(error.code);
}

/** All at once, and all of them also where one fails. @throws what the first failed with, once all are closed */
export async function closeTargets(targets: readonly MigrationTarget[]): Promise<void> {
  const closings = targets.map(({ connection }) => connection.close());
  await Promise.allSettled(closings);
  await Promise.all(closings);
}

type EndOptions = Omit<ConnectRegistryOptions, "registry" | "target">;

type OpeningTarget = MigrationTarget & Required<Pick<MigrationTarget, "opened">>;

function openTarget(target: Target, connectAs: () => Promise<EndOptions>): OpeningTarget {
  const namespace = target.kind === "oci" ? target.namespace : "";
  const place = registryOf(target);
  const late = lateConnection(place.registry, async (closing) => {
    const options = await connectAs();
    const signal = AbortSignal.any([closing, ...(options.signal === undefined ? [] : [options.signal])]);
    return connectRegistry({ ...options, ...place, target: formatTarget(target), signal });
  });
  return { id: formatTarget(target), namespace, ...late };
}

/** What to connect to. */
export function registryOf(target: Target): Pick<OpenConnectionOptions, "registry" | "adapter"> {
  if (target.kind === "oci") return { registry: target.registry.toLowerCase() };
  // The scheme names the adapter: a folder has no host to find it by.
  return { registry: target.directory, adapter: "oci-layout" };
}

/** How the options give the password of the target at this host. */
export function targetPassword({ username, passwordStdin }: TargetFlags, at: string | undefined): PasswordFlags {
  return { username, passwordStdin, prefix: "--", at };
}

/** How the options say to reach the target's end, at this host. @throws usage, aborted */
export async function connectOptions(flags: TargetFlags, terminal: Terminal, at?: string): Promise<EndOptions> {
  const { adapter, plainHttp, createRepositories } = flags;
  const credential = await readCredential(targetPassword(flags, at), terminal);
  const registryConfig = await openNamed(flags.registryConfig, terminal);
  if (registryConfig !== undefined) await checkCredentialFile(registryConfig);
  return {
    end: "target",
    config: flags.config,
    environment: terminal.environment,
    signal: AbortSignal.any([terminal.interrupt, terminal.abort]),
    adapter,
    createRepositories,
    tls: await tlsOptions(flags, terminal),
    maxWaitMs: flags.maxWait,
    stopWaiting: terminal.interrupt,
    ...requestLog(flags, terminal),
    onPassedOver: passedOverLog(flags, terminal),
    ...(plainHttp === undefined ? {} : { plainHttp }),
    ...(registryConfig === undefined ? {} : { registryConfig }),
    ...(credential === undefined ? {} : { credential }),
  };
}

export async function openNamed(path: string | undefined, terminal: Terminal): Promise<NamedFile | undefined> {
  return path === undefined ? undefined : terminal.openFile(path);
}

type TlsFlags = Pick<TargetFlags, "caFile" | "certFile" | "keyFile" | "insecureSkipTlsVerify">;

export async function tlsOptions(flags: TlsFlags, terminal: Terminal): Promise<TlsOptions> {
  const { insecureSkipTlsVerify } = flags;
  const [caFile, certFile, keyFile] = await Promise.all(
    [flags.caFile, flags.certFile, flags.keyFile].map((file) => openNamed(file, terminal)),
  );
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(insecureSkipTlsVerify === undefined ? {} : { insecureSkipVerify: insecureSkipTlsVerify }),
  };
}

/** Also by another spelling: two writers of one place would each undo the other's work. */
async function refuseTwice(targets: readonly Target[]): Promise<void> {
  const places = new Map<string, string>();
  for (const target of targets) {
    const id = formatTarget(target);
    const place =
      target.kind === "oci" ? formatTarget({ ...target, registry: target.registry.toLowerCase() }) : await realPlace(target.directory);
    const other = places.get(place);
    if (other !== undefined) throw usage(`the target ${id} is given twice${other === id ? "" : `: it is the same as ${other}`}`);
    places.set(place, id);
  }
}

/** A password meant for one registry never reaches another. */
function refuseSharedCredentials(targets: readonly Target[], flags: TargetFlags): void {
  const given = [
    ["--username", flags.username],
    ["--password-stdin", flags.passwordStdin],
    ["--cert-file", flags.certFile],
    ["--key-file", flags.keyFile],
  ] as const;
  const [name] = given.find(([, value]) => value !== undefined) ?? [];
  if (targets.length < 2 || name === undefined) return;
  const hint = "sign in to each registry with docker login or helm registry login; the credential files are read for each target";
  throw usage(`${name} cannot serve several targets`, hint);
}

/** Leave to do without TLS, or without its proof, is given for one registry: another's credentials must not travel by it. */
function refuseSharedLeniency(targets: readonly Target[], { plainHttp, insecureSkipTlsVerify }: TargetFlags): void {
  const name = plainHttp === true ? "--plain-http" : insecureSkipTlsVerify === true ? "--insecure-skip-tls-verify" : undefined;
  if (name === undefined || targets.filter(({ kind }) => kind === "oci").length < 2) return;
  const help =
    plainHttp === true ? "addresses of this machine fall back to http by themselves; otherwise" : "name its authority with --ca-file, or";
  throw usage(`${name} cannot serve several registries`, `${help} run once for each target`);
}
