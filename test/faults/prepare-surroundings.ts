import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { makeChart, type TestChart } from "../charts/make-chart.ts";
import { provenanceText, writeRepository } from "../charts/write-repository.ts";
import { makeCertificates } from "../servers/make-certificates.ts";
import { startStaticServer, type StaticServer } from "../servers/start-static-server.ts";
import { migrateOnce } from "./migrate-once.ts";
import type { Surroundings } from "./run-cell.ts";
import { startWorld } from "./start-world.ts";

/** Above what is held for a reader on the way, so that he can be behind. Bytes. */
const chartBytes = 200_000;

/** What all cells share: a classic repository with one version, and what that looks like in a registry when nothing goes wrong. */
export async function prepareSurroundings(folder: string): Promise<Surroundings & { readonly stop: () => Promise<void> }> {
  const certificates = makeCertificates(folder);
  const chart = makeChart("harbour", "1.2.3", { files: { "tide.txt": noise(chartBytes) } });
  const signed = await serve(join(folder, "signed"), chart, provenanceText(chart));
  const unsigned = await serve(join(folder, "unsigned"), chart);
  const manifest = await undisturbed(signed.url, join(folder, "first"));
  const expected = { chart: "harbour", tag: "1.2.3", manifest, unsigned: await undisturbed(unsigned.url, join(folder, "second")) };
  await unsigned.stop();
  return { folder, certificates, source: signed.url, expected, stop: signed.stop };
}

async function serve(folder: string, chart: TestChart, provenance?: string): Promise<StaticServer> {
  writeRepository(join(folder, "charts"), [{ chart, ...(provenance === undefined ? {} : { provenance }) }]);
  return startStaticServer(folder);
}

/** The digest of the manifest when nothing goes wrong. */
async function undisturbed(source: string, folder: string): Promise<string> {
  mkdirSync(folder);
  const world = await startWorld({ folder, source, place: "registry", tls: undefined });
  const { code, message, manifestDigest } = await migrateOnce(world, { adapter: "distribution", journal: false, patienceMs: 60_000 });
  await world.stop();
  if (code !== undefined || manifestDigest === undefined) throw new Error(`nothing was disturbed, and yet: ${message}`);
  return manifestDigest;
}

/** The same bytes every time, and none that gzip makes smaller; as text, since the archive is made of text files. */
function noise(bytes: number): string {
  const blocks = Array.from({ length: Math.ceil(bytes / 40) }, (_, block) => createHash("sha256").update(String(block)).digest("base64"));
  return blocks.join("\n");
}
