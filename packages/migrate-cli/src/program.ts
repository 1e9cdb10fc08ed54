import { Argument, Command, Option } from "commander";

import { addAccountCommands } from "./commands/account-commands.ts";
import { addTargetFlags, collect, createRepositories, existing, type Finish, logFormat, output } from "./commands/flags.ts";
import type { PublishFlags } from "./commands/publish.ts";
import { parsePort } from "./commands/parse-flag.ts";
import { refuseEmptyOptions } from "./commands/refuse-empty-options.ts";
import { addMigrate, addPlan, addVerify } from "./commands/run-commands.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** The command line: names, options and help. Each command's code is loaded only when it runs. */
export function createProgram(terminal: Terminal, finish: Finish, version: string): Command {
  const program = new Command("chartferry")
    .description("Moves Helm charts out of classic repositories into OCI registries, and keeps them in step.")
    .version(version, "--version", "print the version of chartferry")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
    .showHelpAfterError("(add --help for what there is)")
    .addHelpText("after", exitCodesHelp);
  program.hook("preAction", (_program, command) => refuseEmptyOptions(command));
  addMigrate(program, terminal, finish);
  addPlan(program, terminal, finish);
  addVerify(program, terminal, finish);
  addPublish(program, terminal, finish);
  addPush(program, terminal, finish);
  addPull(program, terminal, finish);
  addAccountCommands(program, terminal, finish);
  addServe(program, terminal, finish);
  return program;
}

const exitCodesHelp = `
Exit codes:
  0 all done · 1 some versions failed, the rest was done · 2 nothing could be done: usage, configuration, or an end that cannot be used
  3 differences found · 130 interrupted, run the same command again to carry on`;

function addPublish(program: Command, terminal: Terminal, finish: Finish): void {
  const command = program
    .command("publish")
    .description("Pushes chart archives, with the .prov beside them, to several registries at once.")
    .argument("<file...>", "chart archives, NAME-VERSION.tgz")
    .requiredOption("--to <target>", "oci://HOST/NAMESPACE, oci-layout:DIR or a name of chartferry.yaml; may be repeated", collect);
  addPublishFlags(command).action(async (files: string[]) => {
    const { runPublish } = await import("./commands/publish.ts");
    const { namedTargets } = await import("./commands/apply-settings.ts");
    const flags = command.opts<PublishFlags & { readonly to: readonly string[] }>();
    finish(await runPublish({ command: "publish", files, targets: await namedTargets(flags.to, flags, terminal), flags }, terminal));
  });
}

function addPush(program: Command, terminal: Terminal, finish: Finish): void {
  const command = program
    .command("push")
    .description("Pushes chart archives, with the .prov beside them, to one registry.")
    .addArgument(
      new Argument(
        "<file...>",
        "chart archives, NAME-VERSION.tgz, and last the target: oci://HOST/NAMESPACE, oci-layout:DIR or a name of chartferry.yaml",
      ),
    );
  addPublishFlags(command).action(async (words: string[]) => {
    const { runPublish } = await import("./commands/publish.ts");
    const { namedTargets } = await import("./commands/apply-settings.ts");
    const flags = command.opts<PublishFlags>();
    const targets = await namedTargets(words.slice(-1), flags, terminal);
    finish(await runPublish({ command: "push", files: words.slice(0, -1), targets, flags }, terminal));
  });
}

function addPublishFlags(command: Command): Command {
  command
    .addOption(existing())
    .addOption(new Option("--provenance <policy>", "the .prov beside each archive").choices(["auto", "require", "skip"]).default("auto"))
    .option("--created <time>", "creation time of every manifest, RFC 3339, instead of the archive's")
    .option("--helm-compatible", "take the file's modification time as creation time, as helm push does")
    .addOption(createRepositories())
    .addOption(output())
    .addOption(logFormat());
  return addTargetFlags(command);
}

function addPull(program: Command, terminal: Terminal, finish: Finish): void {
  const command = program
    .command("pull")
    .description("Fetches one chart, checks it against its digest, and prints the file's path.")
    .argument(
      "<reference>",
      "oci://HOST/PATH/CHART[:VERSION][@DIGEST], or oci-layout:DIR/CHART…; a version with + may also be written with _",
    )
    .option("--version <version>", "the version, where the reference has none")
    .option("-d, --destination <dir>", "folder to write to; made when it is not there", ".")
    .option("--prov", "fetch the provenance file as well");
  addTargetFlags(command).action(async (reference: string) => {
    const { runPull } = await import("./commands/pull.ts");
    finish(await runPull({ reference, flags: command.opts() }, terminal));
  });
}

function addServe(program: Command, terminal: Terminal, finish: Finish): void {
  const command = program
    .command("serve")
    .description("Serves a folder of OCI image layouts as a registry: for development, tests and air gaps, not as a public registry.")
    .argument("[dir]", "folder of the layouts; created when it is not there, but not with --read-only", "./registry")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on; 0 = any free one", parsePort, 5000)
    .option("--tls-cert <file>", "certificate, PEM")
    .option("--tls-key <file>", "its key, PEM")
    .option("--user <name>", "ask for this user and the password of --password-file")
    .option("--password-file <file>", "file that holds the password")
    .option("--read-only", "refuse every push")
    .option("--no-fsync", "answer before the data is safely on disk: faster, for tests")
    .option("--allow-anonymous", "listen beyond this machine without a password");
  command.action(async (directory: string) => {
    const { runServe } = await import("./commands/serve.ts");
    finish(await runServe({ directory, flags: command.opts() }, terminal));
  });
}
