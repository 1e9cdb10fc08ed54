import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

import { errnoOf } from "../errno.ts";

/** Names one process so that another can tell whether it still lives, also after the number was given to another one. */
export interface ProcessIdentity {
  readonly host: string;
  /** Differs after each start of the machine; empty where the system does not tell. */
  readonly boot: string;
  readonly pid: number;
  /** Clock ticks between boot and the start of the process (field 22 of /proc/PID/stat); empty where the system does not tell. */
  readonly started: string;
}

async function textOf(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}

async function startOf(pid: number): Promise<string> {
  const stat = await textOf(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces; counting starts behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return stat === "" ? "" : (fields[19] ?? "");
}

export async function currentProcess(): Promise<ProcessIdentity> {
  return {
    host: hostname(),
    boot: await textOf("/proc/sys/kernel/random/boot_id"),
    pid: process.pid,
    started: await startOf(process.pid),
  };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

/**
 * `elsewhere`: another host, whose processes cannot be looked at from here. Containers that share a directory must have
 * different host names (they do by default), since process numbers mean nothing across them.
 */
export async function stateOf(owner: ProcessIdentity, self: ProcessIdentity): Promise<"alive" | "dead" | "elsewhere"> {
  if (owner.host !== self.host) return "elsewhere";
  if (owner.boot !== self.boot) return "dead";
  if (!answersSignals(owner.pid)) return "dead";
  const started = await startOf(owner.pid);
  return owner.started !== "" && started !== "" && started !== owner.started ? "dead" : "alive";
}
