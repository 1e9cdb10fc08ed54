import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";

const PRELOAD = new URL("usage-at-exit.mjs", import.meta.url).href;

export interface Measured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From start to end of the whole process. */
  readonly seconds: number;
  /** User and system together, of this process alone. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

export interface MeasureOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a Node program as a process of its own and lets the operating system say what it took. */
export async function measureNode(args: readonly string[], { home, env = {} }: MeasureOptions): Promise<Measured> {
  const scratch = makeTempDir("usage");
  const file = join(scratch, "usage.json");
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", PRELOAD, ...args], {
    env: { PATH: process.env["PATH"], HOME: home, TZ: "UTC", NO_COLOR: "1", ...env, CHARTFERRY_BENCH_USAGE: file },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
  const code = await new Promise<number>((settle, fail) => {
    child.once("error", fail);
    child.once("close", (exitCode) => settle(exitCode ?? -1));
  });
  const seconds = (performance.now() - started) / 1000;
  const usage: { userCPUTime: number; systemCPUTime: number; maxRSS: number } = JSON.parse(readFileSync(file, "utf8"));
  removeTempDir(scratch);
  return { code, ...output, seconds, cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6, peakMegabytes: usage.maxRSS / 1024 };
}

/** Seconds of processor time that a process has used so far. Source: proc(5), fields 14 and 15, in hundredths. */
export function cpuSecondsOf(processId: number): number {
  const fields = readFileSync(`/proc/${processId}/stat`, "utf8")
    .replace(/^.*\) /su, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Most memory that a living process has held so far. Source: proc(5), VmHWM. */
export function peakMegabytesOf(processId: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1]) / 1024;
}

export const floorProgram = fileURLToPath(new URL("floor.mjs", import.meta.url));
export const commandLine = fileURLToPath(new URL("../../packages/migrate-cli/dist/main.js", import.meta.url));
