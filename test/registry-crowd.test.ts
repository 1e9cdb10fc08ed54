import { join } from "node:path";

import { scrubLayout } from "@chartferry/core/layout";
import { afterAll, describe, expect, it } from "vitest";

import { pullChart, runCrowd } from "./load/run-crowd.ts";
import { pushChart } from "./load/push-charts.ts";
import { createSender } from "./load/send-request.ts";
import { syntheticChart } from "./load/synthetic-charts.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("crowd");
afterAll(() => removeTempDir(scratch));

/** A minute of load, and then every chart that was acknowledged in it is read back. */
const limitMs = 300_000;

describe("the embedded registry with more clients than it may open files", () => {
  it(
    "for a minute refuses some, corrupts nothing, loses nothing that it acknowledged, and is itself again afterwards",
    { timeout: limitMs },
    async () => {
      const directory = join(scratch, "layouts");
      const registry = await startEmbedded({ directory, openFiles: 100, options: ["--no-fsync"] });
      const outcome = await runCrowd({ url: registry.url, clients: 100, milliseconds: 60_000, repositories: 30 });
      expect(outcome.wrong).toEqual([]);
      expect(outcome.acknowledged.length).toBeGreaterThan(20);
      expect(Object.keys(outcome.problems)).not.toEqual([]);
      // 503 asks to come again; who comes when there are enough already is not let in.
      expect(Object.keys(outcome.problems).filter((name) => !["503", "ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(name))).toEqual([]);

      const { send, close } = createSender(registry.url, 4);
      await pushChart(send, "crowd/after", { chart: syntheticChart("1.0.0", 20_000), form: "session" });
      const wrong: string[] = [];
      for (const acknowledged of outcome.acknowledged) await pullChart(send, acknowledged, (text) => wrong.push(text));
      expect(wrong).toEqual([]);
      close();
      expect(await registry.stop("SIGTERM")).toBe(0);
      expect(await scrubLayout(directory)).toMatchObject({ tags: outcome.acknowledged.length + 1, damage: [] });
    },
  );
});
