import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

import { vi } from "vitest";

/** From now on this call fails so for paths that end so, until `allowFileCalls`. */
export function refuseFileCall(call: "open" | "rm", code: string, ending = ""): void {
  const real = { open: fs.open, rm: fs.rm };
  const refuse = (path: unknown): void => {
    if (String(path).endsWith(ending)) throw Object.assign(new Error(`${code}: refused`), { code });
  };
  if (call === "open") {
    vi.spyOn(fs, "open").mockImplementation(async (path, ...rest) => {
      refuse(path);
      return real.open(path, ...rest);
    });
  } else {
    vi.spyOn(fs, "rm").mockImplementation(async (path, ...rest) => {
      refuse(path);
      return real.rm(path, ...rest);
    });
  }
  syncBuiltinESMExports();
}

export function allowFileCalls(): void {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
}
