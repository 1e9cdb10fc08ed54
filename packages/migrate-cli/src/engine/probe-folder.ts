import { randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";

/** Makes a file in a folder and removes it: only that tells whether one can be made there. @throws the file system's own errors */
export async function probeFolder(directory: string): Promise<void> {
  const path = join(directory, `.chartferry-${randomBytes(6).toString("hex")}`);
  const file = await open(path, "wx", 0o600);
  await file.close();
  await rm(path);
}
