import { writeFileSync } from "node:fs";

import { digestOf } from "../charts/make-chart.ts";

export interface PlannedVersion {
  readonly chart: string;
  readonly tag: string;
  /** Of the archive at the source. */
  readonly path: string;
}

/** Writes what the floor has to send, read back from a registry that holds every version already. One JSON object a line. */
export async function writeFloorPlan(file: string, base: string, versions: readonly PlannedVersion[]): Promise<void> {
  const lines: string[] = [];
  for (const { chart, tag, path } of versions) {
    const manifest = await read(`${base}/${chart}/manifests/${tag}`);
    const parsed: { mediaType?: string; config: { digest: string }; layers: { digest: string }[] } = JSON.parse(manifest.bytes.toString());
    const config = await read(`${base}/${chart}/blobs/${parsed.config.digest}`);
    if (digestOf(config.bytes) !== parsed.config.digest) throw new Error(`${chart} ${tag}: the config is not what its digest says`);
    lines.push(
      JSON.stringify({
        path,
        chart,
        tag,
        layer: parsed.layers[0]?.digest,
        config: { digest: parsed.config.digest, bytes: config.bytes.toString("base64") },
        manifest: manifest.bytes.toString("base64"),
        mediaType: manifest.type,
      }),
    );
  }
  writeFileSync(file, `${lines.join("\n")}\n`);
}

async function read(url: string): Promise<{ readonly bytes: Buffer; readonly type: string }> {
  const answer = await fetch(url, { headers: { accept: "application/vnd.oci.image.manifest.v1+json, */*" } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return { bytes: Buffer.from(await answer.arrayBuffer()), type: answer.headers.get("content-type") ?? "" };
}
