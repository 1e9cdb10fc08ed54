import { join } from "node:path";

import { requireTool } from "../support/real-tools.ts";
import { runProgram } from "../support/run-program.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";

export interface HelmLoop {
  /** Addresses of archives. */
  readonly urls: readonly string[];
  /** `oci://HOST/NAMESPACE` */
  readonly target: string;
  /** Loops side by side. */
  readonly atOnce: number;
}

/** `helm pull URL` and `helm push FILE` for each, as people do it by hand; by address, which spares helm the index. Seconds. */
export async function timeHelmLoop({ urls, target, atOnce }: HelmLoop): Promise<number> {
  const home = makeTempDir("helm-loop");
  const waiting = [...urls];
  const started = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => work(waiting, { home, target })));
  const seconds = (performance.now() - started) / 1000;
  removeTempDir(home);
  return seconds;
}

async function work(waiting: string[], { home, target }: { readonly home: string; readonly target: string }): Promise<void> {
  for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
    await helm(["pull", url, "-d", home], home);
    await helm(["push", join(home, url.slice(url.lastIndexOf("/") + 1)), target, "--plain-http"], home);
  }
}

async function helm(args: readonly string[], home: string): Promise<void> {
  const { code, stderr } = await runProgram(requireTool("helm4"), args, { env: { HOME: home, PATH: process.env["PATH"] } });
  if (code !== 0) throw new Error(`helm ${args.join(" ")} ended with ${code}: ${stderr}`);
}
