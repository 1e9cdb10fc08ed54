import { spawn } from "node:child_process";

export interface ProgramResult {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /** SIGKILL after this. Default: two minutes. */
  readonly limitMs?: number;
}

const DEFAULT_LIMIT_MS = 120_000;

/** Runs a program to its end. A non-zero exit code is a result, not an error; a program that does not start or end is one. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { cwd, env, stdin, limitMs = DEFAULT_LIMIT_MS } = options;
  const child = spawn(program, args, { ...(cwd === undefined ? {} : { cwd }), env: { ...env }, timeout: limitMs, killSignal: "SIGKILL" });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that ends without reading its input breaks the pipe; its exit code tells what matters.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  const code = await new Promise<number>((settle, fail) => {
    child.once("error", fail);
    child.once("close", (exitCode) => settle(exitCode ?? -1));
  });
  return { code, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") };
}
