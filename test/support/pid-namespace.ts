import { spawnSync } from "node:child_process";

const own = ["--pid", "--fork", "--mount-proc", "--kill-child=SIGTERM"];
/** As root, and as somebody who may at least be root within. */
const ways = [own, ["--user", "--map-root-user", ...own]].map((options) => ["unshare", ...options]);

/** What a command is given to, to run in a PID namespace of its own on this host, as a container has one; `undefined` where that is not allowed. */
export const otherNamespace: readonly string[] | undefined = ways.find(
  ([program = "", ...options]) => spawnSync(program, [...options, "true"]).status === 0,
);
