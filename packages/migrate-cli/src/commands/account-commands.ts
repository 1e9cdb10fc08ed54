import type { Command } from "commander";

import type { Terminal } from "../terminal/terminal.ts";
import { addReachFlags, addTargetFlags, type Finish, output } from "./flags.ts";

/** `login`, `logout` and `whoami`, in Helm's words where Helm has them. */
export function addAccountCommands(program: Command, terminal: Terminal, finish: Finish): void {
  addLogin(program, terminal, finish);
  program
    .command("logout")
    .description("Takes the login of a registry out of Helm's and Docker's files, and out of the helpers that they name.")
    .argument("<host>", "the registry's host, with its port")
    .option("--registry-config <file>", "credential file instead of Helm's and Docker's own")
    .action(async (host: string, flags: { registryConfig?: string }) => {
      const { runLogout } = await import("./login.ts");
      finish(await runLogout({ host, flags }, terminal));
    });
  const whoami = program
    .command("whoami")
    .description("Says with which credential a registry lets us in, and for a repository whether we may pull and push.")
    .argument("<place>", "the registry's host, or oci://HOST/PATH of a repository")
    .addOption(output());
  addTargetFlags(whoami).action(async (place: string) => {
    const { runWhoami } = await import("./whoami.ts");
    finish(await runWhoami({ place, flags: whoami.opts() }, terminal));
  });
}

function addLogin(program: Command, terminal: Terminal, finish: Finish): void {
  const command = program
    .command("login")
    .description("Tries a password at a registry and keeps it where helm, oras and docker look for it: in Docker's file or its helper.")
    .argument("<host>", "the registry's host, with its port")
    .option("-u, --username <name>", "user; asked for when it is missing")
    .option("-p, --password <password>", "password, which every process of this machine can then see")
    .option("--password-stdin", "read the password from stdin");
  addReachFlags(command).action(async (host: string) => {
    const { runLogin } = await import("./login.ts");
    finish(await runLogin({ host, flags: command.opts() }, terminal));
  });
}
