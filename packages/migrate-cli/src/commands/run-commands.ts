import { Option, type Command } from "commander";

import type { Terminal } from "../terminal/terminal.ts";
import { addSourceFlags, addTargetFlags, createRepositories, existing, type Finish, logFormat, output } from "./flags.ts";
import { parseCount, parseUrlRewrite } from "./parse-flag.ts";
import type { RunFlags } from "./run-options.ts";
import { addSelectionFlags } from "./selection-flags.ts";

/** The commands that go through all versions of a source: to bring them to the targets, or only to look. */
export function addMigrate(program: Command, terminal: Terminal, finish: Finish): void {
  const command = addEnds(program.command("migrate")).description(
    "Brings every version of a classic repository to one or more registries.",
  );
  addPolicyFlags(command)
    .addOption(createRepositories())
    .option("--dry-run", "push nothing, and print what would be pushed: the same as plan")
    .addOption(output())
    .option("--report <file>", "write the report of every version there, JSON")
    .option("--journal <file>", "keep the digests of what was done there, instead of in the state folder")
    .option("--no-journal", "keep none: the next run asks the registry a little more")
    .addOption(logFormat());
  refuseBothJournals(command);
  addTargetFlags(addSourceFlags(command)).action(async (source: string, words: string[]) => {
    const { namedTargets } = await import("./apply-settings.ts");
    const targets = await namedTargets(words, command.opts(), terminal);
    const flags = command.opts<RunFlags & { readonly dryRun?: boolean }>();
    if (flags.dryRun === true) {
      const { runPlan } = await import("./plan.ts");
      finish(await runPlan({ source, targets, flags }, terminal));
      return;
    }
    const { runMigrate } = await import("./migrate.ts");
    finish(await runMigrate({ source, targets, flags }, terminal));
  });
}

export function addPlan(program: Command, terminal: Terminal, finish: Finish): void {
  const command = addEnds(program.command("plan")).description(
    "Says what migrate would do with the same options, and what will hurt later. Nothing is pushed.",
  );
  addPolicyFlags(command)
    .addOption(createRepositories())
    .option("--deep", "open every chart as well: tells what Helm will not load or pull")
    .option("--check", "end with 3 when anything is not at every target as it is in the source")
    .addOption(output())
    .option("--report <file>", "write the plan of every version there, JSON")
    .option("--journal <file>", "read the digests of earlier runs there, instead of in the state folder")
    .option("--no-journal", "read none: the registry is asked a little more")
    .addOption(logFormat());
  refuseBothJournals(command);
  addTargetFlags(addSourceFlags(command)).action(async (source: string, words: string[]) => {
    const { namedTargets } = await import("./apply-settings.ts");
    const targets = await namedTargets(words, command.opts(), terminal);
    const { runPlan } = await import("./plan.ts");
    finish(await runPlan({ source, targets, flags: command.opts() }, terminal));
  });
}

export function addVerify(program: Command, terminal: Terminal, finish: Finish): void {
  const command = addEnds(program.command("verify")).description(
    "Compares what stands at the targets with the source: missing, drifted, broken, extra. Downloads no chart, writes nothing.",
  );
  addSelectionFlags(command)
    .addOption(provenance())
    .addOption(urlRewrite())
    .addOption(concurrency())
    .option("--quick", "look at manifests only: neither at their blobs nor at the source's signatures")
    .addOption(output())
    .option("--report <file>", "write what was found of every version there, JSON")
    .addOption(logFormat());
  addTargetFlags(addSourceFlags(command)).action(async (source: string, words: string[]) => {
    const { namedTargets } = await import("./apply-settings.ts");
    const targets = await namedTargets(words, command.opts(), terminal);
    const { runVerify } = await import("./verify.ts");
    finish(await runVerify({ source, targets, flags: command.opts() }, terminal));
  });
}

/** Both set the same value, and the later one would win in silence. */
function refuseBothJournals(command: Command): void {
  const given = new Set<string>();
  for (const name of ["journal", "no-journal"]) {
    command.on(`option:${name}`, () => {
      if (given.add(name).size > 1) command.error("error: --journal and --no-journal exclude each other");
    });
  }
}

function addEnds(command: Command): Command {
  return command
    .argument("<source>", "http(s)://… (with or without /index.yaml), or a directory")
    .argument("<target...>", "oci://HOST/NAMESPACE, oci-layout:DIR or a name of chartferry.yaml, one or more");
}

/** Which versions, and how they come to the targets. */
function addPolicyFlags(command: Command): Command {
  return addSelectionFlags(command)
    .addOption(existing())
    .addOption(provenance())
    .option("--refresh-provenance", "look for signatures of versions that are there without one, and complete them")
    .addOption(urlRewrite())
    .option("--allow-missing-digest", "accept charts for which the index gives no digest")
    .option("--created <time>", "creation time of every manifest, RFC 3339, instead of the index's")
    .option("--created-from <target>", "creation time from where the same chart already stands: a target of this run or another one")
    .option("--helm-compatible", "with a folder: each file's modification time as creation time, as helm push does")
    .addOption(concurrency());
}

const provenance = (): Option =>
  new Option("--provenance <policy>", "signatures beside the charts").choices(["auto", "require", "skip"]).default("auto");

const urlRewrite = (): Option =>
  new Option("--url-rewrite <from=to>", "chart urls that begin with FROM are asked for at TO; may be repeated").argParser(parseUrlRewrite);

const concurrency = (): Option =>
  new Option(
    "--concurrency <count>",
    "versions in flight per target, at most; a registry that asks for fewer requests gets fewer",
  ).argParser(parseCount);
