import { type CreateRepositories, createRepositoriesPolicies } from "@chartferry/core";
import { Option, type Command } from "commander";

import { parseDuration } from "./parse-flag.ts";
import type { DebugFlags } from "./request-log.ts";

/** Milliseconds. */
const defaultMaxWait = 15 * 60_000;

/** How to reach and sign in at the targets; the names are Helm's. */
export interface TargetFlags extends DebugFlags {
  readonly adapter?: string;
  readonly plainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly registryConfig?: string;
  readonly config?: string;
  /** Of commands that write. */
  readonly createRepositories?: CreateRepositories;
  /** Milliseconds. */
  readonly maxWait: number;
}

export function addTargetFlags(command: Command): Command {
  return addReachFlags(command)
    .option("--username <name>", "user at the target; its password comes by --password-stdin")
    .option("--password-stdin", "read the target's password from stdin; on a terminal it is asked for");
}

/** All but who we are there. */
export function addReachFlags(command: Command): Command {
  return command
    .option("--config <file>", "settings of registries and names for targets, instead of ./chartferry.yaml")
    .option("--adapter <name>", "treat the target as this registry instead of finding out")
    .option("--plain-http", "speak http to the target (addresses of this machine fall back to it by themselves)")
    .option("--insecure-skip-tls-verify", "accept any certificate of the target")
    .option("--ca-file <file>", "certificate authority of the target, PEM")
    .option("--cert-file <file>", "client certificate for the target, PEM")
    .option("--key-file <file>", "key of the client certificate, PEM")
    .option("--registry-config <file>", "credential file instead of Helm's and Docker's own")
    .addOption(
      new Option(
        "--max-wait <duration>",
        "for how long a registry may hold one request back (Retry-After, 429, 503); longer fails the version, and the next run tries it again",
      )
        .argParser(parseDuration)
        .default(defaultMaxWait, "15m"),
    )
    .option("--debug", "print a line for every request on stderr, without secrets");
}

/** How to reach and sign in at the source. */
export interface SourceFlags {
  readonly sourceUsername?: string;
  readonly sourcePasswordFile?: string;
  readonly sourcePasswordStdin?: boolean;
  readonly sourceCaFile?: string;
  readonly sourceCertFile?: string;
  readonly sourceKeyFile?: string;
  readonly sourceInsecureSkipTlsVerify?: boolean;
  readonly sourceRegistryConfig?: string;
}

export function addSourceFlags(command: Command): Command {
  return command
    .option("--source-username <name>", "user at the source")
    .option("--source-password-file <file>", "file that holds the source's password")
    .option("--source-password-stdin", "read the source's password from stdin; on a terminal it is asked for")
    .option("--source-ca-file <file>", "certificate authority of the source, PEM")
    .option("--source-cert-file <file>", "client certificate for the source, PEM")
    .option("--source-key-file <file>", "key of the client certificate, PEM")
    .option("--source-insecure-skip-tls-verify", "accept any certificate of the source")
    .option("--source-registry-config <file>", "credential file for charts that the source keeps in a registry");
}

/** For commands that write, and for the one that foretells them. */
export const createRepositories = (): Option =>
  new Option(
    "--create-repositories <when>",
    "make the repository (project, namespace) that a registry wants to exist before a push; default: never, or as chartferry.yaml says",
  ).choices(createRepositoriesPolicies);

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export const existing = (): Option =>
  new Option("--existing <policy>", "a tag that is already there: compare it, trust it, replace it (charts only), or fail")
    .choices(["verify", "trust", "overwrite", "fail"])
    .default("verify");

export const logFormat = (): Option => new Option("--log-format <format>", "progress on stderr").choices(["text", "json"]).default("text");

export const output = (): Option => new Option("--output <format>", "what goes to stdout").choices(["text", "json"]).default("text");

/** What a command ends with. */
export type Finish = (exitCode: number) => void;
