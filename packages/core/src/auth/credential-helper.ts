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
  const { name, key, environment, exec = runProgram, signal } = request;
  const program = `docker-credential-${name}`;
  let result: ExecResult;
  try {
    result = await exec(program, { args: ["get"], input: key, environment, timeoutMs, signal });
  } catch (cause) {
    throw unavailable(request, startProblem(cause), cause);
  }
  if (result.exitCode !== 0) {
    if (/credentials not found/i.test(result.stdout)) return undefined;
    throw unavailable(request, `it failed with exit code ${result.exitCode}`);
  }
  return readReply(result.stdout, request);
}

function readReply(stdout: string, request: HelperRequest): Credential | undefined {
  let reply: unknown;
  try {
    reply = JSON.parse(stdout);
  } catch {
    throw unavailable(request, "it answered something that is not JSON");
  }
  const username = textOf(reply, "Username");
  const secret = textOf(reply, "Secret");
  if (username === undefined || secret === undefined) throw unavailable(request, "its answer lacks Username or Secret");
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
function unavailable({ name, key, file }: HelperRequest, problem: string, cause?: unknown): ChartferryError {
  return new ChartferryError(
    `the credential helper docker-credential-${name}, named by ${file}, gave no credential for ${key}: ${problem}`,
    {
      code: "credentials-unavailable",
      operation: "read credentials",
      hint: `echo ${key} | docker-credential-${name} get; or take the helper out of ${file}`,
      cause,
    },
  );
}

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
