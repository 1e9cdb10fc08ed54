import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { atProcessEnd } from "./at-process-end.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

const MAIN = fileURLToPath(new URL("../../packages/migrate-cli/dist/main.js", import.meta.url));
const START_LIMIT_MS = 20_000;

export interface ChartferryOptions {
  /** Home, XDG folders and temporary files of the run: pass the same one again to keep the journal. */
  readonly home: string;
  readonly cwd?: string;
  readonly stdin?: string;
  /** Added to the environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly limitMs?: number;
  /** A program and its arguments that the command line is given to, to run it somewhere else. */
  readonly within?: readonly string[];
}

/** Runs the built command line to its end. */
export function runChartferry(args: readonly string[], { home, env, within = [], ...options }: ChartferryOptions): Promise<ProgramResult> {
  const [program = "", ...rest] = [...within, process.execPath, builtProgram(), ...args];
  return runProgram(program, rest, { cwd: home, ...options, env: { ...isolated(home), ...env } });
}

export interface SpawnedChartferry {
  readonly processId: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Writes to its stdin, which stays open; nothing arrives without `openStdin`. */
  readonly type: (text: string) => void;
  /** Both streams, so far. */
  readonly output: () => string;
  /** Exit code, or -1 when a signal ended it, and both streams. */
  readonly ended: Promise<{ readonly code: number; readonly output: string }>;
}

/** Starts a command that a test may end at any moment, its very start included. */
export function spawnChartferry(
  args: readonly string[],
  { home, env, cwd = home, within = [], openStdin = false }: ChartferryOptions & { readonly openStdin?: boolean },
): SpawnedChartferry {
  const [program = "", ...rest] = [...within, process.execPath, builtProgram(), ...args];
  const child = spawn(program, rest, {
    cwd,
    env: { ...isolated(home), ...env },
    stdio: [openStdin ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const callOff = atProcessEnd(() => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<number>((settle) => child.once("close", (code) => settle(code ?? -1))).finally(callOff);
  return {
    processId: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    type: (text) => void child.stdin?.write(text),
    output: () => output,
    ended: ended.then((code) => ({ code, output })),
  };
}

export interface RunningChartferry {
  /** The match of `readyPattern`, for a port that the program chose itself. */
  readonly ready: RegExpMatchArray;
  readonly processId: number;
  /** Both streams, so far. */
  readonly output: () => string;
  /** Sends the signal and waits; resolves with the exit code, or -1 when the signal ended it. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number>;
}

/** Starts a command that stays (`serve`) and returns when its output matches `readyPattern`. */
export async function startChartferry(
  args: readonly string[],
  options: ChartferryOptions & { readyPattern: RegExp; openFiles?: number | undefined },
): Promise<RunningChartferry> {
  const { home, env, cwd = home, readyPattern, openFiles, within = [] } = options;
  const command = [...within, process.execPath, builtProgram(), ...args];
  // `exec`: the process id that is killed and measured is the program's own.
  const limited = openFiles === undefined ? command : ["/bin/sh", "-c", `ulimit -n ${openFiles} && exec "$@"`, "sh", ...command];
  const [program = "", ...rest] = limited;
  const child = spawn(program, rest, {
    cwd,
    env: { ...isolated(home), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const callOff = atProcessEnd(() => child.kill("SIGKILL"));
  let output = "";
  const ended = new Promise<number>((settle) => child.once("close", (code) => settle(code ?? -1))).finally(callOff);
  const ready = await new Promise<RegExpMatchArray>((settle, fail) => {
    const timer = setTimeout(
      () => fail(new Error(`chartferry ${args.join(" ")} printed nothing like ${readyPattern}:\n${output}`)),
      START_LIMIT_MS,
    );
    const look = (text: string): void => {
      output += text;
      const match = readyPattern.exec(output);
      if (match) settle(match);
      if (match) clearTimeout(timer);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", look);
    void ended.then((code) => fail(new Error(`chartferry ${args.join(" ")} ended with ${code}:\n${output}`)));
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number> => {
    child.kill(signal);
    return ended;
  };
  return { ready, processId: child.pid ?? 0, output: () => output, stop };
}

function builtProgram(): string {
  if (!existsSync(MAIN)) throw new Error("the command line is not built: run npm run build");
  return MAIN;
}

/** Nothing of the person who runs the tests: no credential files, no proxies, no journal. */
function isolated(home: string): Record<string, string | undefined> {
  const xdg = {
    XDG_CONFIG_HOME: `${home}/config`,
    XDG_STATE_HOME: `${home}/state`,
    XDG_CACHE_HOME: `${home}/cache`,
    XDG_DATA_HOME: `${home}/data`,
  };
  return { PATH: process.env["PATH"], HOME: home, TMPDIR: process.env["TMPDIR"], TZ: "UTC", NO_COLOR: "1", ...xdg };
}
