import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

/** One line for below a table: figures without the machine mean nothing. `folder`: where the data was written. */
export function describeMachine(folder: string): string {
  const [first] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${first?.model ?? "processor"}, ${memory} GiB, Linux ${release()}, Node ${process.versions.node}, ${fileSystemOf(folder)}`;
}

function fileSystemOf(folder: string): string {
  try {
    return execFileSync("stat", ["--file-system", "--format=%T", folder], { encoding: "utf8" }).trim();
  } catch {
    return "unknown file system";
  }
}
