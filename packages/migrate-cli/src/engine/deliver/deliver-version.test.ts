import { systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { deliverVersion } from "./deliver-version.ts";
import { createSpool } from "../spool/spool.ts";
import { createTargetListings } from "./target-listings.ts";
import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget } from "../testing/fake-target.ts";
import type { TagKnowledge, WorkItem } from "../work-item.ts";

const now = 1_700_000_000_000;
const clock = { ...systemClock, now: () => now };

/** Delivers `web 1.0.0`, of whose tag the item knows this, and counts how often the target was asked for the tag itself. */
async function looksFor(
  known: TagKnowledge,
  { delivery = 1, target = createFakeTarget() } = {},
): Promise<{ status: string; looks: number }> {
  const source = createFakeSource([]);
  const entry = { chart: "web", version: "1.0.0", urls: [], notes: [] };
  const item: WorkItem = { sequence: 0, run: "r", source: source.id, entry, target: "t", repository: "charts/web", tags: ["1.0.0"], known };
  const { record } = await deliverVersion(
    { item, delivery, extend: () => Promise.resolve(), ack: () => Promise.resolve() },
    {
      spool: createSpool({ source, lanes: ["t"], limits: { memoryBytes: 100_000 } }),
      listings: createTargetListings(target.connection, { listTags: false, clock }),
      existing: "verify",
      recorded: () => undefined,
      clock,
    },
  );
  return { status: record.status, looks: target.calls.fetchManifest + target.calls.resolve };
}

describe("a tag that an item says to be absent", () => {
  it("is not looked for while that is a minute old at most", async () => {
    expect(await looksFor({ state: "absent", since: now - 60_000 })).toEqual({ status: "pushed", looks: 0 });
  });

  it("is looked for when that is older: others push too", async () => {
    const { status, looks } = await looksFor({ state: "absent", since: now - 60_001 });
    expect(status).toBe("pushed");
    expect(looks).toBeGreaterThan(0);
  });
});

describe("a version that is delivered once more, for its first taker has vanished", () => {
  it("is looked for though its tag was absent a moment ago: it may have been brought since", async () => {
    const target = createFakeTarget();
    const known = { state: "absent", since: now } as const;
    expect(await looksFor(known, { target })).toEqual({ status: "pushed", looks: 0 });
    const before = { ...target.calls };
    expect((await looksFor(known, { target, delivery: 2 })).status).toBe("skipped");
    expect(target.calls.putManifest).toBe(before.putManifest);
  });
});
