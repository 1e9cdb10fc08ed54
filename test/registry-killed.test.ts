import { join } from "node:path";

import { scrubLayout } from "@chartferry/core/layout";
import { afterAll, describe, expect, it } from "vitest";

import { beginHalf, goOnWith, type HalfUpload } from "./load/half-upload.ts";
import { inParallel, pushChart } from "./load/push-charts.ts";
import { pullChart, type Acknowledged } from "./load/run-crowd.ts";
import { createSender, type SendRequest } from "./load/send-request.ts";
import { syntheticChart, type SyntheticChart } from "./load/synthetic-charts.ts";
import { startEmbedded, type RunningEmbedded } from "./servers/start-embedded.ts";
import { describeWith } from "./support/real-tools.ts";
import { startOlareg } from "./servers/start-olareg.ts";
import { startZot } from "./servers/start-zot.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("registry-killed");
afterAll(() => removeTempDir(scratch));
const directory = join(scratch, "layouts");
const repositories = ["charts/web", "charts/api", "charts"];
const rounds = 12;
const lanes = 4;

/** Everything that was ever answered 201, over all rounds. */
const acknowledged: Acknowledged[] = [];
/** The tag that every lane moves along: what it was last acknowledged as, and what may have been on its way when the process died. */
const moving = new Map<string, { acknowledged: string | undefined; onItsWay: string }>();

/** `ROUND.LANE.NUMBER`: larger and larger ones. */
function chartOf(tag: string): SyntheticChart {
  return syntheticChart(tag, 3000 + Number(tag.split(".").at(-1)) * 997);
}

/** Pushes until the registry is gone; what is answered is noted at once. */
async function pushUntilGone(send: SendRequest, { round, lane }: { round: number; lane: number }): Promise<void> {
  const repository = repositories[lane % repositories.length] ?? "charts";
  const follow = `latest-${lane}`;
  for (let number = 0; ; number += 1) {
    const tag = `${round}.${lane}.${number}`;
    const chart = chartOf(tag);
    try {
      await pushChart(send, repository, { chart, form: number % 2 === 0 ? "single" : "session" });
      acknowledged.push({ repository, tag, digest: chart.manifest.digest });
      const { digest } = chart.manifest;
      moving.set(follow, { acknowledged: moving.get(follow)?.acknowledged, onItsWay: digest });
      await pushChart(send, repository, { chart: { ...chart, tag: follow }, form: "single" });
      moving.set(follow, { acknowledged: digest, onItsWay: digest });
    } catch {
      return;
    }
  }
}

/** From right at the start to well into the folds. The same in every run, the moments that they meet are not. */
function momentOf(round: number): number {
  return 15 + ((round * 389) % 500) + (round % 4 === 3 ? 1200 : 0);
}

async function expectAcknowledged(send: SendRequest, charts: readonly Acknowledged[]): Promise<void> {
  const wrong: string[] = [];
  await inParallel(charts.length, lanes, async (number) => {
    const chart = charts[number];
    if (chart !== undefined) await pullChart(send, chart, (text) => wrong.push(text));
  });
  expect(wrong).toEqual([]);
}

/** Tags that nobody was told of are there whole or not at all. */
async function expectAllWhole(send: SendRequest): Promise<number> {
  let count = 0;
  for (const repository of repositories) {
    const { tags }: { tags: string[] } = JSON.parse((await send(`/v2/${repository}/tags/list`, { method: "GET" })).body.toString());
    const pushed = tags.filter((tag) => !tag.startsWith("latest"));
    await expectAcknowledged(
      send,
      pushed.map((tag) => ({ repository, tag, digest: chartOf(tag).manifest.digest })),
    );
    count += pushed.length;
  }
  return count;
}

async function expectMovedTags(send: SendRequest): Promise<void> {
  for (const [tag, { acknowledged: last, onItsWay }] of moving) {
    const repository = repositories[Number(tag.slice(-1)) % repositories.length] ?? "charts";
    const { headers } = await send(`/v2/${repository}/manifests/${tag}`, { method: "HEAD" });
    expect([last, onItsWay]).toContain(headers["docker-content-digest"]);
  }
}

async function oneRound(round: number, halves: HalfUpload[]): Promise<void> {
  const registry = await startEmbedded({ directory });
  const { send, close } = createSender(registry.url, lanes + 1);
  const half = await beginHalf(send, "charts/half", syntheticChart(`half.${round}`, 50_000).layer);
  halves.push(half);
  const pushing = Array.from({ length: lanes }, (_, lane) => pushUntilGone(send, { round, lane }));
  await new Promise((done) => setTimeout(done, momentOf(round)));
  await registry.stop("SIGKILL");
  await Promise.all(pushing);
  close();
}

async function withRegistry(check: (send: SendRequest, registry: RunningEmbedded) => Promise<void>): Promise<void> {
  const registry = await startEmbedded({ directory });
  const { send, close } = createSender(registry.url, 4);
  try {
    await check(send, registry);
  } finally {
    close();
    await registry.stop("SIGTERM");
  }
}

describe("the embedded registry, killed while several clients push", () => {
  it(
    "has after each start what it acknowledged, serves nothing that is half there, and lets uploads go on",
    { timeout: 300_000 },
    async () => {
      const halves: HalfUpload[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const before = acknowledged.length;
        await oneRound(round, halves);
        expect((await scrubLayout(directory)).damage).toEqual([]);
        await withRegistry(async (send) => {
          await expectAcknowledged(send, acknowledged.slice(before));
          await expectMovedTags(send);
          for (const half of halves.splice(0)) expect(await goOnWith(send, half)).toBe(201);
        });
      }
      expect(acknowledged.length).toBeGreaterThan(rounds * 4);
      await withRegistry(async (send) => {
        await expectAcknowledged(send, acknowledged);
        expect(await expectAllWhole(send)).toBeGreaterThanOrEqual(acknowledged.length);
      });
      expect((await scrubLayout(directory)).damage).toEqual([]);
    },
  );

  for (const [tool, start] of [
    ["zot", startZot],
    ["olareg", startOlareg],
  ] as const) {
    describeWith([tool], `its folder under ${tool}`, () => {
      it("has everything that was acknowledged, whole", async () => {
        expect(acknowledged.length).toBeGreaterThan(0);
        const server = await start({ directory });
        const { send, close } = createSender(server.url, 4);
        try {
          await expectAcknowledged(send, acknowledged);
          await expectAllWhole(send);
        } finally {
          close();
          await server.stop();
        }
      });
    });
  }
});
