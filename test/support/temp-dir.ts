import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const left = new Set<string>();

/** A fresh folder, in memory where the machine has /dev/shm: servers that fsync each write are ten times faster there. */
export function makeTempDir(label: string): string {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = mkdtempSync(join(parent, `chartferry-${label}-`));
  if (left.size === 0) process.once("exit", () => [...left].forEach(removeTempDir));
  left.add(path);
  return path;
}

/** Removes what `makeTempDir` made. Whatever nobody removed goes when the process ends. */
export function removeTempDir(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  left.delete(path);
}
