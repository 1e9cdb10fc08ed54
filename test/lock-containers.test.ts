import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { scrubLayout } from "@chartferry/core/layout";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { expectFailure } from "./runs/expect-failure.ts";
import { makeGate } from "./runs/make-gate.ts";
import { tagsOf } from "./runs/push-image.ts";
import { startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { runChartferry, startChartferry } from "./support/chartferry.ts";
import { otherNamespace } from "./support/pid-namespace.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("containers");
const source = join(scratch, "source");
const older = join(scratch, "older");
beforeAll(() => {
  writeRepository(older, [makeChart("web", "1.0.0")]);
  writeRepository(source, [makeChart("web", "1.0.0"), makeChart("web", "2.0.0")]);
});
afterAll(() => removeTempDir(scratch));

const host: readonly string[] = [];
const container = otherNamespace ?? [];
const because = otherNamespace === undefined ? " (skipped: this machine lets nobody make a PID namespace)" : "";

describe.skipIf(otherNamespace === undefined)(`processes of one host in different PID namespaces${because}`, () => {
  it.each([
    ["a container", "on the host", container, host],
    ["the host", "in a container", host, container],
    ["a container", "in another", container, container],
  ])("do not write to the folder that %s serves: one %s is refused and told what to delete", async (...[, , owner, other]) => {
    const directory = join(makeTempDir("served"), "layouts");
    const run = { home: scratch, within: other };
    const options = { home: scratch, within: owner, readyPattern: /http:\/\/(127\.0\.0\.1:\d+)/u };
    const server = await startChartferry(["serve", directory, "--port", "0"], options);
    const target = `oci://${server.ready[1]}/x`;
    expect(await runChartferry(["migrate", older, target], { home: scratch })).toMatchObject({ code: 0 });
    const refused = await runChartferry(["migrate", source, `oci-layout:${join(directory, "x")}`], run);
    const lock = join(directory, ".chartferry/lock");
    expectFailure(refused, {
      code: 2,
      reason: "layout-locked",
      says: [/process \d+ on host \S+, in another container/u, `delete ${lock}`],
    });
    expect(await runChartferry(["migrate", source, target], { home: scratch })).toMatchObject({ code: 0 });
    expect(await tagsOf(server.ready[0], "x/web")).toEqual(["1.0.0", "2.0.0"]);
    // `unshare` passes no signal on, but one of its death.
    await server.stop(owner === host ? "SIGTERM" : "SIGKILL");
    expect(await scrubLayout(directory)).toMatchObject({ tags: 2, damage: [] });
  });

  it("do not write to one journal, by whatever name", async () => {
    const [release, reached] = [makeGate(), makeGate()];
    const slow: StaticServer = await startStaticServer(source, {
      routes: { "/web-2.0.0.tgz": (_, response) => void (reached.open(), release.opened.then(() => response.end())) },
    });
    const [journal, link] = [join(scratch, "journal.jsonl"), join(scratch, "link.jsonl")];
    symlinkSync(journal, link);
    const target = `oci-layout:${join(scratch, "first")}`;
    const first = await startChartferry(["migrate", slow.url, target, "--provenance", "skip", "--journal", journal], {
      home: scratch,
      within: container,
      readyPattern: /./u,
    });
    await reached.opened;
    for (const [within, name] of [
      [host, journal],
      [host, link],
      [container, link],
    ] as const) {
      const args = ["migrate", source, `oci-layout:${join(scratch, "second")}`, "--journal", name];
      const second = await runChartferry(args, { home: scratch, within });
      const says = [/in use by process \d+ on \S+ in another container/u, `delete ${journal}.lock`];
      expectFailure(second, { code: 2, reason: "journal-locked", says });
    }
    const before = readFileSync(journal, "utf8");
    const ended = first.stop();
    release.open();
    await ended;
    await slow.stop();
    expect(readFileSync(journal, "utf8").startsWith(before)).toBe(true);
  });
});
