import { cpus, loadavg, totalmem, type } from "node:os";

/** One sentence for beside the figures. */
export function describeMachine(): string {
  const processors = cpus();
  const model = (processors[0]?.model ?? "unknown processor").trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1);
  return `${processors.length} cores (${model}), ${memory} GiB, ${type()}, Node ${process.versions.node}, load ${load} before the run`;
}
