/** Loaded before a measured program: writes what the process took once it ends. Microseconds and KiB. */
import { writeFileSync } from "node:fs";

process.once("exit", () => writeFileSync(process.env.CHARTFERRY_BENCH_USAGE, JSON.stringify(process.resourceUsage())));
