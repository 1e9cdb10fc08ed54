import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../packages/migrate-cli/dist/docker-credential/main.js", import.meta.url));

/** Puts `docker-credential-chartferry` where npm would: into a folder on PATH. Every call leaves a line in `calls`. */
export function installCredentialHelper(home: string): { readonly path: string; readonly calls: string } {
  const [folder, calls] = [join(home, "bin"), join(home, "helper-calls")];
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "docker-credential-chartferry");
  writeFileSync(file, `#!/bin/sh\necho "$1" >> '${calls}'\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(file, 0o755);
  writeFileSync(calls, "");
  return { path: `${folder}${delimiter}${process.env["PATH"] ?? ""}`, calls };
}
