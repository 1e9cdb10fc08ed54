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

interface ProcessFacts {
  /** Clock ticks between boot and start; empty where the system does not tell. */
  readonly started: string;
  /** It has ended, and only its parent has not asked yet how: signals still find such a process. */
  readonly ended: boolean;
}

async function factsOf(pid: number): Promise<ProcessFacts> {
  const stat = await textOf(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces; counting starts behind it, with the state.
  const fields = stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { started: fields[19] ?? "", ended: fields[0] === "Z" || fields[0] === "X" };
}

export async function currentProcess(): Promise<ProcessIdentity> {
  return {
    host: hostname(),
    boot: await textOf("/proc/sys/kernel/random/boot_id"),
    pid: process.pid,
    started: (await factsOf(process.pid)).started,
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
  const { started, ended } = await factsOf(owner.pid);
  if (ended) return "dead";
  return owner.started !== "" && started !== "" && started !== owner.started ? "dead" : "alive";
}
