import { readFileSync, symlinkSync, utimesSync } from "node:fs";
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
  it("take a folder over from a container that was killed, once it renewed its lock no more for a minute", async () => {
    const directory = join(makeTempDir("killed"), "layouts");
    const lock = join(directory, ".chartferry/lock");
    const options = { home: scratch, within: container, readyPattern: /http:\/\/(127\.0\.0\.1:\d+)/u };
    const serve = ["serve", directory, "--port", "0"];
    const killed = await startChartferry(serve, options);
    expect(await runChartferry(["migrate", older, `oci://${killed.ready[1]}/x`], { home: scratch })).toMatchObject({ code: 0 });
    process.kill(innerProcess(killed), "SIGKILL");
    await killed.stop();
    // Seen from the host: the next container may get the number of the namespace that ended, and then the process number tells.
    const refused = await runChartferry(serve, { home: scratch });
    expectFailure(refused, {
      code: 2,
      reason: "layout-locked",
      says: [/its lock was renewed \d+ s ago, and is taken over when that is more than 60 s ago/u, `delete ${lock}`],
    });
    letLeaseRunOut(lock);
    const restarted = await startChartferry(serve, { ...options, within: host });
    expect(await tagsOf(restarted.ready[0], "x/web")).toEqual(["1.0.0"]);
    await restarted.stop();
    expect(await scrubLayout(directory)).toMatchObject({ tags: 1, damage: [] });
  });

  it("lose nothing where one was only stopped, and goes on after another took its folder", async () => {
    const directory = join(makeTempDir("stopped"), "layouts");
    const options = { home: scratch, within: container, readyPattern: /http:\/\/(127\.0\.0\.1:\d+)/u };
    const stopped = await startChartferry(["serve", directory, "--port", "0"], options);
    expect(await runChartferry(["migrate", older, `oci://${stopped.ready[1]}/x`], { home: scratch })).toMatchObject({ code: 0 });
    const inner = innerProcess(stopped);
    process.kill(inner, "SIGSTOP");
    letLeaseRunOut(join(directory, ".chartferry/lock"));
    expect(await runChartferry(["migrate", source, `oci-layout:${join(directory, "x")}`, "--no-journal"], { home: scratch })).toMatchObject(
      {
        code: 0,
      },
    );
    process.kill(inner, "SIGCONT");
    const manifests = `${stopped.ready[0]}/v2/x/web/manifests`;
    const headers = { accept: "application/vnd.oci.image.manifest.v1+json", "content-type": "application/vnd.oci.image.manifest.v1+json" };
    const body = await (await fetch(`${manifests}/1.0.0`, { headers })).text();
    const refused = await fetch(`${manifests}/3.0.0`, { method: "PUT", headers, body });
    expect({ status: refused.status, text: await refused.text() }).toMatchObject({
      status: 503,
      text: expect.stringContaining("another process has this registry's folder"),
    });
    await stopped.stop("SIGKILL");
    expect(await scrubLayout(directory)).toMatchObject({ tags: 2, damage: [] });
  });
});

/** The program behind `unshare`, which dies of the same signals, but not by it. */
function innerProcess({ processId }: { readonly processId: number }): number {
  return Number(readFileSync(`/proc/${processId}/task/${processId}/children`, "utf8"));
}

/** As if a minute had gone by since the owner renewed its lock. */
function letLeaseRunOut(lock: string): void {
  const then = Date.now() / 1000 - 61;
  utimesSync(lock, then, then);
}
