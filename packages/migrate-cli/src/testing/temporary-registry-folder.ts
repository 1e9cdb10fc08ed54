import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

const folders: string[] = [];

// The workers of the test runner are ended by a signal: what is to happen at their exit does not.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Storage of a test's server: in memory where the system has such a folder. Removed after the last test of the file. */
export function temporaryRegistryFolder(): string {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "chartferry-test-"));
  folders.push(folder);
  return folder;
}
