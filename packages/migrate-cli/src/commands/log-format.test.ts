import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { createLookingProgress } from "../output/looking-progress.ts";
import { figuresWith } from "../testing/fake-progress.ts";
import { run } from "../testing/run-words.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;

function objects(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe("--log-format json", () => {
  it.each([
    ["push", []],
    ["publish", ["--to"]],
  ])("makes of all that %s has to tell on stderr one object a line", async (command, to) => {
    const target = `oci-layout:${join(temporaryFolder(), "layout")}`;
    const file = join(examples, "harbour-web-1.3.0.tgz");
    const words = [command, file, file, ...to, target, "--log-format", "json"];
    const pushed = await run(words);
    expect(pushed).toMatchObject({ code: 0, out: expect.stringContaining("harbour-web:1.3.0@sha256:") });
    expect(objects(pushed.err)).toContainEqual(
      expect.objectContaining({
        type: "version",
        level: "warn",
        chart: "harbour-web",
        status: "pushed",
        notes: [expect.objectContaining({ code: "same-file" })],
      }),
    );
    const refused = await run([...words, "--existing", "fail"]);
    expect(refused.code).toBe(1);
    expect(objects(refused.err)).toContainEqual(expect.objectContaining({ type: "version", status: "failed", reason: "already-exists" }));
  });

  it.each(["plan", "verify"])("makes of all that %s has to tell on stderr one object a line", async (command) => {
    const target = `oci-layout:${join(temporaryFolder(), "layout")}`;
    const selection = ["--chart", "harbour-web", "--chart", "no-such-chart"];
    const ran = await run([command, examples, target, ...selection, "--log-format", "json"]);
    expect(objects(ran.err)).toContainEqual(
      expect.objectContaining({ time: expect.any(String), level: "warn", type: "note", code: "chart-not-found" }),
    );
    expect(objects(ran.err)).toContainEqual(expect.objectContaining({ type: "crawled", entries: expect.any(Number) }));
  });
});

describe("a run that only looks", () => {
  const record = { chart: "web", version: "1.0.0", status: "skipped", bytes: 0, attempts: 1, milliseconds: 1, notes: [] } as const;
  const event = { type: "version", sequence: 0, record, totals: figuresWith(["t"], { entries: 70 }).totals } as const;
  it.each([
    ["text", "2 looked at, 70 versions of the source read\n"],
    ["json", '{"time":"2024-01-01T00:00:05.000Z","level":"info","type":"progress","looked":2,"entries":70}\n'],
  ] as const)("tells every few seconds how far it is, as %s", (format, line) => {
    let [now, told] = [Date.UTC(2024, 0, 1), ""];
    const progress = createLookingProgress(format, { err: (text) => (told += text) }, { now: () => now });
    progress.event(event);
    now += 5000;
    progress.event(event);
    progress.event(event);
    expect(told).toBe(line);
  });
});
