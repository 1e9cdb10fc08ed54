import { readFile, readlink } from "node:fs/promises";
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
  /** The PID namespace, within which alone the number means something (`pid:[4026531836]`); absent where the system has or tells none. */
  readonly namespace?: string;
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

async function linkOf(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch {
    return "";
  }
}

async function factsOf(pid: number): Promise<ProcessFacts> {
  // A /proc of another PID namespace (`unshare --pid --fork` leaves that of the parent) tells of other processes by these numbers.
  const ours = (await linkOf("/proc/self")) === String(process.pid);
  const stat = ours ? await textOf(`/proc/${pid}/stat`) : "";
  // The second field is the program's name in parentheses and may hold spaces; counting starts behind it, with the state.
  const fields = stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { started: fields[19] ?? "", ended: fields[0] === "Z" || fields[0] === "X" };
}

export async function currentProcess(): Promise<ProcessIdentity> {
  const namespace = await linkOf("/proc/self/ns/pid");
  return {
    host: hostname(),
    boot: await textOf("/proc/sys/kernel/random/boot_id"),
    pid: process.pid,
    started: (await factsOf(process.pid)).started,
    ...(namespace === "" ? {} : { namespace }),
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
 * What is known of a lock's owner. `elsewhere`: it runs on another host. `contained`: on this host, but in another PID namespace.
 * In neither case can it be looked at from here, since process numbers mean nothing across them.
 */
export type OwnerState = "alive" | "dead" | "elsewhere" | "contained";

/** Tells hosts apart by name and start of the machine, so machines that share a folder need different names. */
export async function stateOf(owner: ProcessIdentity, self: ProcessIdentity): Promise<OwnerState> {
  if (owner.host !== self.host) return "elsewhere";
  if (isHidden(owner, self)) return "contained";
  if (owner.boot !== self.boot || !answersSignals(owner.pid)) return "dead";
  const { started, ended } = await factsOf(owner.pid);
  if (ended) return "dead";
  return owner.started !== "" && started !== "" && started !== owner.started ? "dead" : "alive";
}

/** A lock without a namespace is of a system that has none, or of a version that did not write it down. */
function isHidden(owner: ProcessIdentity, self: ProcessIdentity): boolean {
  // One of the two ran without /proc, so that nobody can tell whether they share a namespace.
  if ((self.boot === "") !== (owner.boot === "")) return true;
  return owner.boot === self.boot && owner.namespace !== undefined && owner.namespace !== self.namespace;
}
