import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Loaded before a measured program: writes what the process took once it ends. Microseconds and KiB. */
process.once("exit", () => writeFileSync(process.env.CHARTFERRY_BENCH_USAGE, JSON.stringify({ ...process.resourceUsage(), ...ownPeak() })));

/** Linux lets a new process begin with the peak of the one that started it (`ru_maxrss` outlives exec): what counts is its own. Source: proc(5), VmHWM. */
function ownPeak() {
  const status = "/proc/self/status";
  const peak = existsSync(status) ? /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(status, "utf8"))?.[1] : undefined;
  return peak === undefined ? {} : { maxRSS: Number(peak) };
}
