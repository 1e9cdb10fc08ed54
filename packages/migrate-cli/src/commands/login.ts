import { adapters } from "@chartferry/adapters";
import { type Credential, forgetLogin, keepLogin, type LoginFiles, printable } from "@chartferry/core";

import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectRegistry } from "./connect-registry.ts";
import { connectOptions } from "./open-targets.ts";
import { readCredential, usage } from "./read-password.ts";
import { registryHost } from "./registry-host.ts";
import type { TargetFlags } from "./flags.ts";

export interface LoginFlags extends Omit<TargetFlags, "username" | "passwordStdin"> {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

/** Tries the password at the registry, and keeps it where helm, oras and docker look for it. Says what Helm says. */
export async function runLogin(
  { host, flags }: { readonly host: string; readonly flags: LoginFlags },
  terminal: Terminal,
): Promise<ExitCode> {
  const registry = registryHost(host);
  const { username, password } = await readLogin(flags, terminal);
  const credential: Credential = { kind: "basic", username, password, source: "--username" };
  const { username: _user, passwordStdin: _stdin, password: _password, ...rest } = flags;
  const options = await connectOptions(rest, terminal);
  const connection = await connectRegistry({ ...options, registry, credential });
  try {
    const { credentialSource } = await connection.ping({ signal: options.signal });
    if (credentialSource === undefined) terminal.err(`note: ${registry} did not ask who you are, so that the password was not tried\n`);
  } finally {
    await connection.close();
  }
  const place = await keepLogin({ key: credentialKeyOf(registry), username, password }, loginFiles(flags, terminal));
  terminal.err(`Login Succeeded\nkept in ${printable(place)}\n`);
  return exitCodes.done;
}

async function readLogin(flags: LoginFlags, terminal: Terminal): Promise<{ username: string; password: string }> {
  const { password, passwordStdin } = flags;
  if (password !== undefined && passwordStdin === true) throw usage("the password is given twice, by --password and by --password-stdin");
  const username = flags.username ?? (await terminal.ask?.({ prompt: "Username: ", hidden: false })) ?? "";
  if (username === "") throw usage("no user was named", "give --username");
  return { username, password: password === undefined ? await readUnseen(flags, username, terminal) : seen(password, terminal) };
}

function seen(password: string, terminal: Terminal): string {
  if (password === "") throw usage("the password is empty");
  terminal.err("warning: --password shows the password to every process of this machine: use --password-stdin\n");
  return password;
}

async function readUnseen({ passwordStdin }: LoginFlags, username: string, terminal: Terminal): Promise<string> {
  if (passwordStdin === true) {
    const credential = await readCredential({ username, passwordStdin, prefix: "--" }, terminal);
    return credential?.kind === "basic" ? credential.password : "";
  }
  if (terminal.ask === undefined) throw usage("there is no terminal to ask for the password on", "give --password-stdin");
  const password = await terminal.ask({ prompt: "Password: ", hidden: true });
  if (password === "") throw usage("the password is empty");
  return password;
}

/** Takes the login of a host out of every file, and out of the helpers that they name. */
export async function runLogout(
  { host, flags }: { readonly host: string; readonly flags: Pick<TargetFlags, "registryConfig"> },
  terminal: Terminal,
): Promise<ExitCode> {
  const registry = registryHost(host);
  const places = await forgetLogin(credentialKeyOf(registry), loginFiles(flags, terminal));
  if (places.length === 0) terminal.err(`not logged in to ${registry}\n`);
  else terminal.err(`Removing login credentials for ${registry}\n${places.map((place) => `taken out of ${printable(place)}\n`).join("")}`);
  return exitCodes.done;
}

/** Some registries have another key in credential files than their host. */
function credentialKeyOf(registry: string): string {
  const adapter = adapters.find((each) => each.detect(registry) !== undefined);
  return adapter?.resolve?.(registry, "").credentialKey ?? registry;
}

function loginFiles({ registryConfig }: Pick<TargetFlags, "registryConfig">, { environment }: Terminal): LoginFiles {
  return { environment, home: environment["HOME"], registryConfig };
}
