import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { adapters } from "@chartferry/adapters";
import { copyChart, createConnectionSource, openConnection, type SourceEntry } from "@chartferry/core";
import { startRegistry } from "@chartferry/registry";
import { expect, it } from "vitest";

import { startDistribution } from "./servers/start-distribution.ts";
import { describeWith, requireTool } from "./support/real-tools.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const run = promisify(execFile);
const type = { signature: "application/vnd.example.signature", remark: "application/vnd.example.remark" };

interface Discovered {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly referrers?: readonly Discovered[];
}

/** oras, another client of the protocol: how it finds what is attached is what everybody else finds. */
async function oras(folder: string, ...words: string[]): Promise<string> {
  return (await run(requireTool("oras"), [...words, "--plain-http"], { cwd: folder, env: { HOME: folder, ORAS_CACHE: "" } })).stdout;
}

const discover = async (folder: string, chart: string): Promise<Discovered> =>
  JSON.parse(await oras(folder, "discover", "--format", "json", chart));

describeWith(["distribution", "oras"], "what is attached to a chart, copied to CNCF Distribution, which has no referrers API", () => {
  it("is found there by others, attachments of attachments included, and a second copy writes nothing", async () => {
    const folder = makeTempDir("attachments");
    const [from, to] = [await startRegistry({ directory: join(folder, "layouts") }), await startDistribution()];
    try {
      writeFileSync(join(folder, "note.txt"), "yes");
      const chart = `${new URL(from.url).host}/charts/web:1.0.0`;
      await oras(folder, "push", chart, "note.txt");
      await oras(folder, "attach", "--artifact-type", type.signature, "--annotation", "org.example.by=me", chart, "note.txt");
      await oras(folder, "attach", "--artifact-type", `${type.signature}.second`, chart, "note.txt");
      const [signature] = (await discover(folder, chart)).referrers ?? [];
      await oras(folder, "attach", "--artifact-type", type.remark, `${chart.slice(0, -6)}@${signature?.digest}`, "note.txt");
      expect(await copyAll(new URL(from.url).host, to.host)).toEqual(["pushed"]);
      const copied = await discover(folder, `${to.host}/charts/web:1.0.0`);
      expect(sorted(copied)).toEqual(sorted(await discover(folder, chart)));
      expect(copied.referrers).toHaveLength(2);
      expect(copied.referrers?.flatMap(({ referrers = [] }) => referrers)).toMatchObject([{ artifactType: type.remark }]);
      expect(await copyAll(new URL(from.url).host, to.host)).toEqual(["skipped"]);
    } finally {
      await Promise.all([from.close(), to.stop()]);
      removeTempDir(folder);
    }
  });
});

/** Every version below `charts`, with the outcome of each. */
async function copyAll(from: string, to: string): Promise<string[]> {
  const environment = { HOME: "/nonexistent" };
  const source = createConnectionSource({
    connection: await openConnection({ end: "source", registry: from, environment, adapters }),
    prefix: "charts",
    scheme: "oci://",
  });
  const target = await openConnection({ end: "target", registry: to, environment, adapters });
  const outcomes: string[] = [];
  const copy = async (entry: SourceEntry): Promise<void> => {
    const options = { tags: [entry.version], existing: "verify" } as const;
    const { status } = await copyChart(await source.open(entry), await target.openStore(`charts/${entry.chart}`), options);
    outcomes.push(status);
  };
  for await (const item of source.versions()) if (item.kind === "entry") await copy(item.entry);
  await Promise.all([source.close?.(), target.close()]);
  return outcomes;
}

/** Without the addresses, which differ, in an order that does not depend on the registry. */
function sorted({ digest, artifactType = "", annotations = {}, referrers = [] }: Discovered): object {
  const below = referrers.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  return { digest, artifactType, annotations, referrers: below.map(sorted) };
}
