import { execFile } from "node:child_process";

import { ChartferryError } from "../errors.ts";
import type { Credential } from "./credential.ts";
import { userCredential } from "./docker-config.ts";

/** What a helper program said. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Runs a program with a text on its standard input; rejects when it cannot be started or takes too long. */
export type Exec = (
  program: string,
  options: {
    readonly args: readonly string[];
    readonly input: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly timeoutMs: number;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<ExecResult>;

export interface HelperRequest {
  /** Without the prefix `docker-credential-`. */
  readonly name: string;
  readonly key: string;
  /** The file that names the helper, for messages. */
  readonly file: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly exec?: Exec | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Our own helper asks core for credentials: called from here it would call itself. */
export const ownHelper = "chartferry";

/** Some helpers ask a cloud, or wait for a key to be touched. */
const timeoutMs = 60_000;
const outputLimit = 1024 * 1024;

/**
 * Asks `docker-credential-<name> get`: the key on standard input, JSON on standard output. `undefined` = it knows no credential for the key;
 * every other failure is an error, for going on anonymously would hide it. Source: docker/docker-credential-helpers. @throws credentials-unavailable
 */
export async function askCredentialHelper(request: HelperRequest): Promise<Credential | undefined> {
  const stdout = await run(request, "get", request.key);
  return stdout === undefined ? undefined : readReply(stdout, request);
}

/** Has the helper keep a secret in the place of what it held for the key. @throws credentials-unavailable */
export async function storeByHelper(
  request: HelperRequest,
  login: { readonly username: string; readonly password: string },
): Promise<void> {
  await run(request, "store", JSON.stringify({ ServerURL: request.key, Username: login.username, Secret: login.password }));
}

/** Has the helper forget what it holds for the key, if anything. @throws credentials-unavailable */
export async function eraseByHelper(request: HelperRequest): Promise<void> {
  await run(request, "erase", request.key);
}

type Verb = "get" | "store" | "erase";

/** What it printed; `undefined` = it knows no credential for the key. */
async function run(request: HelperRequest, verb: Verb, input: string): Promise<string | undefined> {
  const { name, environment, exec = runProgram, signal } = request;
  let result: ExecResult;
  try {
    result = await exec(`docker-credential-${name}`, { args: [verb], input, environment, timeoutMs, signal });
  } catch (cause) {
    throw unavailable(request, { verb, text: startProblem(cause), cause });
  }
  if (result.exitCode === 0) return result.stdout;
  if (/credentials not found/i.test(result.stdout)) return undefined;
  throw unavailable(request, { verb, text: `it failed with exit code ${result.exitCode}` });
}

function readReply(stdout: string, request: HelperRequest): Credential | undefined {
  let reply: unknown;
  try {
    reply = JSON.parse(stdout);
  } catch {
    throw unavailable(request, { verb: "get", text: "it answered something that is not JSON" });
  }
  const username = textOf(reply, "Username");
  const secret = textOf(reply, "Secret");
  if (username === undefined || secret === undefined)
    throw unavailable(request, { verb: "get", text: "its answer lacks Username or Secret" });
  if (username === "" && secret === "") return undefined;
  return userCredential(username, secret, `docker-credential-${request.name} (named by ${request.file})`);
}

function textOf(reply: unknown, name: "Username" | "Secret"): string | undefined {
  if (typeof reply !== "object" || reply === null || !Object.hasOwn(reply, name)) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(reply, name)?.value;
  return typeof value === "string" ? value : undefined;
}

function startProblem(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "the program is not on PATH";
  if (code === "ETIMEDOUT") return `it did not answer within ${timeoutMs / 1000} s`;
  return "it could not be run";
}

/** What the helper printed stays out: it may hold the secret. */
function unavailable({ name, key, file }: HelperRequest, { verb, text, cause }: HelperProblem): ChartferryError {
  const { did, operation, hint } = verbs[verb];
  return new ChartferryError(`the credential helper docker-credential-${name}, named by ${file}, ${did} for ${key}: ${text}`, {
    code: "credentials-unavailable",
    operation,
    hint: `${hint === undefined ? "" : `echo ${key} | docker-credential-${name} ${hint}; or `}take the helper out of ${file}`,
    cause,
  });
}

interface HelperProblem {
  readonly verb: Verb;
  readonly text: string;
  readonly cause?: unknown;
}

const verbs: Readonly<Record<Verb, { readonly did: string; readonly operation: string; readonly hint?: string }>> = {
  get: { did: "gave no credential", operation: "read credentials", hint: "get" },
  store: { did: "did not keep the credential", operation: "write credentials" },
  erase: { did: "did not forget the credential", operation: "write credentials", hint: "erase" },
};

const runProgram: Exec = (program, { args, input, environment, timeoutMs: timeout, signal }) =>
  new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        env: { ...environment },
        timeout,
        maxBuffer: outputLimit,
        windowsHide: true,
        encoding: "utf8",
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout) => {
        if (error === null) resolve({ exitCode: 0, stdout });
        else if (error.killed === true && signal?.aborted !== true) reject(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" }));
        else if (typeof error.code === "number") resolve({ exitCode: error.code, stdout });
        else reject(error);
      },
    );
    // A helper may end without reading; that is no failure of its own.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
