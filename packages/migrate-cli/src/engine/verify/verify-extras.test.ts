import { bytesContent, ChartferryError, type Connection } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import type { MigrationTarget } from "../migrate-options.ts";
import { audited, layoutTarget, push } from "../testing/audit-target.ts";
import { createFakeSource } from "../testing/fake-source.ts";
import { imageManifest } from "../testing/fake-target.ts";
import { verify } from "./verify.ts";

describe("what an audit finds extra", () => {
  it("takes for extra only what the whole source does not have, whatever was selected", async () => {
    const target = await layoutTarget();
    const names = ["web 1.0.0", "web 2.0.0", "db 1.0.0"];
    await push(target, createFakeSource([...names, "web 3.0.0", "old 1.0.0"]));
    const all = await audited(target, createFakeSource(names));
    expect(all.lines.slice(3)).toEqual(["web 3.0.0: extra extra-tag", "old 1.0.0: extra extra-repository"]);
    const byVersion = await audited(target, createFakeSource(names), { selection: { versionRange: "1.x" } });
    expect(byVersion.lines).toEqual([
      "web 1.0.0: same",
      "db 1.0.0: same",
      "web 3.0.0: extra extra-tag",
      "old 1.0.0: extra extra-repository",
    ]);
    // Who names charts asks about these.
    const byChart = await audited(target, createFakeSource(names), { selection: { charts: ["db"] } });
    expect([byChart.lines, byChart.verdict]).toEqual([["db 1.0.0: same"], "equal"]);
  });

  it("looks through the repository of a chart too of which no version was selected", async () => {
    const target = await layoutTarget();
    const names = ["web 1.0.0", "db 2.0.0"];
    await push(target, createFakeSource([...names, "web 3.0.0"]));
    const { lines, verdict: end } = await audited(target, createFakeSource(names), { selection: { versionRange: ">=2" } });
    expect([lines, end]).toEqual([["db 2.0.0: same", "web 3.0.0: extra extra-tag"], "drift"]);
  });

  it("says where the repository of a chart cannot be listed of which no version was selected", async () => {
    const target = await layoutTarget();
    const names = ["web 1.0.0", "db 2.0.0"];
    await push(target, createFakeSource([...names, "old 1.0.0"]));
    const connection: Connection = {
      ...target.connection,
      async openStore(repository) {
        const store = await target.connection.openStore(repository);
        const refused = new ChartferryError("no", { code: "denied", operation: "list tags" });
        return {
          ...store,
          async *tags() {
            if (repository === "charts/web") throw refused;
            yield* store.tags();
          },
        };
      },
    };
    const { lines, audit } = await audited({ ...target, connection }, createFakeSource(names), { selection: { versionRange: ">=2" } });
    expect(lines).toEqual(["db 2.0.0: same", "old 1.0.0: extra extra-repository"]);
    expect(audit.run.notes).toEqual([{ code: "extras-unknown", text: expect.stringContaining("1 repositories") }]);
  });

  it("does not take for extra what is no chart: container images share repositories and namespaces", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0"]);
    await push(target, createFakeSource(["web 1.0.0", "left 1.0.0", "left 2.0.0"]));
    for (const [repository, tag] of [
      ["charts/web", "latest"],
      ["charts/app/nginx", "1.0"],
      ["charts/app/nginx", "2.0"],
    ] as const) {
      const store = await target.connection.openStore(repository);
      await store.putBlob(bytesContent(Buffer.from("{}")));
      await store.putManifest(tag, imageManifest());
    }
    expect((await audited(target, source)).lines).toEqual([
      "web 1.0.0: same",
      "left 1.0.0: extra extra-repository",
      "left 2.0.0: extra extra-repository",
    ]);
  });

  it("does not take for extra what lies below another target of the run", async () => {
    const outer = await layoutTarget();
    const inner = { ...outer, id: "mirror", namespace: "charts/mirror" };
    const source = createFakeSource(["web 1.0.0"]);
    for (const target of [outer, inner]) await push(target, source);
    const told = async (targets: readonly MigrationTarget[]): Promise<(string | undefined)[]> => {
      const audit = await verify({ source, targets });
      const reasons = [...audit.versions()].map(({ reason }) => reason);
      audit.close();
      return reasons;
    };
    expect(await told([outer, inner])).toEqual(["same", "same"]);
    expect(await told([outer])).toEqual(["same", "extra-repository"]);
    await push(inner, createFakeSource(["old 1.0.0"]));
    // Once, by the target that it lies below.
    expect(await told([outer, inner])).toEqual(["same", "same", "extra-repository"]);
  });

  it("does not take signatures for versions", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0"]);
    await push(target, source);
    const store = await target.connection.openStore("charts/web");
    const manifest = await store.fetchManifest("1.0.0");
    if (manifest === undefined) throw new Error("it was not pushed");
    await store.putManifest(`${manifest.digest.replace(":", "-")}.sig`, manifest);
    expect((await audited(target, source)).lines).toEqual(["web 1.0.0: same"]);
  });

  it("says where a registry does not list its repositories", async () => {
    const target = await layoutTarget();
    await push(target, createFakeSource(["web 1.0.0"]));
    const connection: Connection = {
      ...target.connection,
      async *repositories() {
        yield* [];
        throw new ChartferryError("no", { code: "unsupported", operation: "list repositories" });
      },
    };
    const { audit, verdict: end } = await audited({ ...target, connection }, createFakeSource(["web 1.0.0"]));
    expect(audit.run.notes).toEqual([{ code: "extra-repositories-unknown", text: expect.stringContaining("unsupported") }]);
    expect(end).toBe("equal");
  });
});
