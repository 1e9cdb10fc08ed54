import type { RegistryAdapter } from "@chartferry/core";

import { acr } from "./acr.ts";
import { distribution } from "./distribution.ts";
import { dockerHub } from "./docker-hub.ts";
import { ecrPublic } from "./ecr-public.ts";
import { ecr } from "./ecr.ts";
import { gar } from "./gar.ts";
import { generic } from "./generic.ts";
import { gitlab } from "./gitlab.ts";
import { harbor } from "./harbor.ts";
import { ghcr } from "./ghcr.ts";
import { ibm } from "./ibm.ts";
import { jfrog } from "./jfrog.ts";
import { ociLayout } from "./oci-layout.ts";
import { quay } from "./quay.ts";
import { zot } from "./zot.ts";

/** Every adapter, in the order in which they are asked; those with narrow probes before those with wide ones, `generic` last. */
export const adapters: readonly RegistryAdapter[] = [
  ociLayout,
  ecr,
  ecrPublic,
  acr,
  gar,
  dockerHub,
  ghcr,
  ibm,
  jfrog,
  gitlab,
  harbor,
  quay,
  zot,
  distribution,
  generic,
];

export { acr, distribution, dockerHub, ecr, ecrPublic, gar, generic, ghcr, gitlab, harbor, ibm, jfrog, ociLayout, quay, zot };
