import { sha256 } from "../runs/read-registry.ts";
import { namespace, type Outcome } from "./migrate-once.ts";
import type { World } from "./start-world.ts";

/** The one version that is migrated, and the digests that its manifest may have. */
export interface Expected {
  readonly chart: string;
  readonly tag: string;
  /** After an undisturbed run. */
  readonly manifest: string;
  /** After a run that found no provenance. */
  readonly unsigned: string;
}

export interface Finding {
  /** The complete chart stands there, without its provenance. */
  readonly isUnsigned: boolean;
  /** What is wrong; empty = all is as the outcome says. */
  readonly damage: readonly string[];
}

/** Looks at the registry from outside: every digest is computed anew from bytes. */
export async function findDamage(world: World, outcome: Outcome, expected: Expected): Promise<Finding> {
  const standing = await read(world, `${expected.chart}/manifests/${expected.tag}`);
  if (standing === undefined) {
    return { isUnsigned: false, damage: outcome.code === undefined ? ["reported as done, and the tag is not there"] : [] };
  }
  const digest = sha256(standing);
  const isUnsigned = digest === expected.unsigned;
  const damage = digest === expected.manifest || isUnsigned ? [] : [`under the tag stands ${digest}`];
  if (outcome.code === undefined && outcome.manifestDigest !== digest) damage.push(`reported as ${outcome.manifestDigest}`);
  const { config, layers }: { config: { digest: string }; layers: { digest: string }[] } = JSON.parse(standing.toString("utf8"));
  for (const blob of [config, ...layers]) {
    const bytes = await read(world, `${expected.chart}/blobs/${blob.digest}`);
    if (bytes === undefined) damage.push(`${blob.digest} is missing behind the tag`);
    else if (sha256(bytes) !== blob.digest) damage.push(`${blob.digest} holds other bytes`);
  }
  return { isUnsigned, damage };
}

async function read({ behind }: World, path: string): Promise<Buffer | undefined> {
  const accept = path.includes("/manifests/") ? "application/vnd.oci.image.manifest.v1+json" : "*/*";
  const url = `${behind.registry.url}/v2/${namespace}/${path}`;
  const answer = await fetch(url, { headers: { accept, authorization: `Bearer ${behind.pass}` } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
  return bytes;
}
