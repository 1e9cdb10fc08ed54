import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { currentProcess, stateOf } from "./process-identity.ts";

describe("whether the owner of a lock still lives", () => {
  it("is told of this very process", async () => {
    const self = await currentProcess();
    expect(await stateOf(self, self)).toBe("alive");
  });

  it.skipIf(!existsSync("/proc/self/stat"))(
    "counts a process as dead that has ended while its parent never asks how (skipped where there is no /proc)",
    async () => {
      const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
      try {
        const pid = Number(await new Promise<string>((done) => parent.stdout.setEncoding("utf8").once("data", done)));
        for (let looks = 0; !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ") && looks < 500; looks++) await delay(20);
        process.kill(pid, 0);
        const self = await currentProcess();
        expect(await stateOf({ ...self, pid, started: "" }, self)).toBe("dead");
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );
});
