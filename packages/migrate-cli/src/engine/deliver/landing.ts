import type { Digest } from "@chartferry/core";

import type { VersionRecord } from "../work-item.ts";

/** What stands at the target once a version was dealt with. What the source declares of the version is no part of it. */
export interface Landing {
  readonly manifestDigest?: Digest | undefined;
  readonly layerDigest?: Digest | undefined;
  /** Its provenance; `false` = it has none, undefined where nobody looked. */
  readonly provenance?: Digest | false | undefined;
  /**
   * It is the source's chart: sent, compared, or the same as an earlier run proved. `false` = it was left there unseen. Only what is
   * proved may be remembered: a later run believes it.
   */
  readonly proved: boolean;
}

/** What the report says of it. */
export function digestsOf({ manifestDigest, layerDigest }: Landing): Pick<VersionRecord, "manifestDigest" | "layerDigest"> {
  return { ...(manifestDigest === undefined ? {} : { manifestDigest }), ...(layerDigest === undefined ? {} : { layerDigest }) };
}
