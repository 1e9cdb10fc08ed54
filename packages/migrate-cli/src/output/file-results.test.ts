import { expect, it } from "vitest";

import type { MigrateEvent } from "../engine/migrate-options.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { figuresWith } from "../testing/fake-progress.ts";
import { createFileResults } from "./file-results.ts";

const digest = `sha256:${"a".repeat(64)}` as const;

function done(sequence: number, target: string | undefined, status: "pushed" | "failed" | "refused" = "pushed"): MigrateEvent {
  const record = { chart: `chart-${sequence}`, version: "1.0.0", status, bytes: 0, attempts: 1, milliseconds: 1, notes: [] };
  const place = target === undefined ? {} : { target, tag: "1.0.0" };
  const outcome = status === "pushed" ? { manifestDigest: digest } : { reason: "denied", message: "no right to push" };
  return { type: "version", sequence, record: { ...record, ...place, ...outcome }, totals: figuresWith([]).totals };
}

function line(target: string, file: number): string {
  return `${target}/chart-${file}:1.0.0@${digest}\n`;
}

it("prints a result as soon as it is there, each target's in the order of the files", () => {
  const terminal = createFakeTerminal();
  const results = createFileResults(["oci://a", "oci://b"], terminal);
  results.event(done(1, "oci://b"));
  expect(terminal.stdout()).toBe("");
  results.event(done(0, "oci://b"));
  expect(terminal.stdout()).toBe(line("oci://b", 0) + line("oci://b", 1));
  results.event(done(0, "oci://a"));
  expect(terminal.stdout()).toBe(line("oci://b", 0) + line("oci://b", 1) + line("oci://a", 0));
});

it("keeps nobody waiting for a file that failed, or that no target can use, and says that once, on stderr", () => {
  const terminal = createFakeTerminal();
  const results = createFileResults(["oci://a", "oci://b"], terminal);
  results.event(done(1, undefined, "refused"));
  results.event(done(0, "oci://a", "failed"));
  results.event(done(2, "oci://a"));
  expect(terminal.stdout()).toBe(`oci://a/chart-2:1.0.0@${digest}\n`);
  expect(terminal.stderr()).toBe(
    "error: chart-1 1.0.0: no right to push [denied]\nerror: oci://a/chart-0:1.0.0: no right to push [denied]\n",
  );
});

it("shows at the end what waits for a file that never came, once", () => {
  const terminal = createFakeTerminal();
  const results = createFileResults(["oci://a"], terminal);
  results.event(done(3, "oci://a"));
  results.event(done(2, "oci://a"));
  results.end();
  results.end();
  expect(terminal.stdout()).toBe(`oci://a/chart-2:1.0.0@${digest}\noci://a/chart-3:1.0.0@${digest}\n`);
});

it.each([
  ["oci://r.test/charts", "no right to push", "oci://r.test/charts/web:1.0.0"],
  ["oci://r.test/charts", "r.test cannot be reached", "charts/web:1.0.0"],
  ["oci://r.test/charts", "start upload (charts/web): r.test answers 405", "web:1.0.0"],
  ["oci-layout:/srv/charts", "no space is left at /srv/charts/web", "web:1.0.0"],
])("repeats nothing of a failure's place that its message names itself: %s, %s", (target, message, place) => {
  const terminal = createFakeTerminal();
  const repository = target.startsWith("oci:") ? "charts/web" : "web";
  const record = { chart: "web", version: "1.0.0", target, repository, tag: "1.0.0", status: "failed", reason: "denied", message } as const;
  const figures = { bytes: 0, attempts: 1, milliseconds: 1, notes: [] };
  createFileResults([target], terminal).event({
    type: "version",
    sequence: 0,
    record: { ...record, ...figures },
    totals: figuresWith([]).totals,
  });
  expect(terminal.stderr()).toBe(`error: ${place}: ${message} [denied]\n`);
});
