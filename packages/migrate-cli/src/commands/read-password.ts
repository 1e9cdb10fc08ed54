import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

import { ChartferryError, type Credential, isChartferryError, printable } from "@chartferry/core";

import { readStream } from "../terminal/read-stream.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface PasswordFlags {
  readonly username: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly passwordStdin?: boolean | undefined;
  /** Of the options, for messages: `--` or `--source-`. */
  readonly prefix: string;
  /** Where it is not `<prefix>username`. */
  readonly userOption?: string;
  /** Whose password it is, for the question: `registry.example:5000`. */
  readonly at?: string | undefined;
}

/** Bytes; tokens of some clouds have a few thousand. */
const passwordLimit = 64 * 1024;

/** The credential that the options give for one end. A password never comes as an argument: every process can read those. @throws usage */
export async function readCredential(flags: PasswordFlags, terminal: Terminal): Promise<Credential | undefined> {
  const { username, passwordFile, passwordStdin, prefix } = flags;
  const userOption = userOptionOf(flags);
  if (username === undefined && passwordFile === undefined && passwordStdin !== true) return undefined;
  if (username === undefined) throw usage(`a password is given without ${userOption}`);
  if (username === "") throw usage(`${userOption} is empty`);
  if (passwordFile !== undefined && passwordStdin === true) throw usage(`the password is given twice, by file and by stdin`);
  const password = (await readText(flags, terminal)).replace(/\r?\n$/, "");
  if (password === "") throw usage(`the password for ${userOption} is empty`);
  return { kind: "basic", username, password, source: passwordFile === undefined ? `${prefix}password-stdin` : `${prefix}password-file` };
}

function userOptionOf({ prefix, userOption = `${prefix}username` }: PasswordFlags): string {
  return userOption;
}

async function readText({ username = "", passwordFile, passwordStdin, prefix, at }: PasswordFlags, terminal: Terminal): Promise<string> {
  if (passwordStdin === true)
    return terminal.readPassword(`${printable(`password of ${username}${at === undefined ? "" : ` at ${at}`}`)}: `);
  if (passwordFile === undefined) throw usage(`${prefix}username is given without a password`, `add ${prefix}password-stdin`);
  try {
    const file = await terminal.openFile(passwordFile);
    const name = `the password file ${passwordFile}`;
    const stream = typeof file === "string" ? createReadStream(file) : Readable.from([file.text], { objectMode: false });
    return (await readStream(stream, { name, limitBytes: passwordLimit, interrupt: terminal.interrupt })).toString();
  } catch (error) {
    if (isChartferryError(error)) throw error;
    throw new ChartferryError(`cannot read the password file ${passwordFile}`, {
      code: "file-unreadable",
      operation: "read password",
      cause: error,
    });
  }
}

export function usage(message: string, hint?: string): ChartferryError {
  return new ChartferryError(message, { code: "usage", operation: "read options", hint });
}
