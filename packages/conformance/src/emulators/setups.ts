import { dockerHubSetup } from "./docker-hub/docker-hub-setup.ts";
import { acrSetup } from "./acr/acr-setup.ts";
import { ecrPublicSetup } from "./ecr-public/ecr-public-setup.ts";
import { ecrSetup } from "./ecr/ecr-setup.ts";
import { gitlabSetup } from "./gitlab/gitlab-setup.ts";
import { harborSetup } from "./harbor/harbor-setup.ts";
import { ghcrSetup } from "./ghcr/ghcr-setup.ts";
import { garSetup } from "./gar/gar-setup.ts";
import { jfrogSetup } from "./jfrog/jfrog-setup.ts";
import { quaySetup } from "./quay/quay-setup.ts";
import { ibmSetup } from "./ibm/ibm-setup.ts";
import type { Setup } from "./setup.ts";

/** How to start each hosted registry, by the id of its adapter. One line a registry. */
export const setups: Readonly<Record<string, () => Promise<Setup>>> = {
  "docker-hub": dockerHubSetup,
  acr: () => acrSetup(),
  ecr: ecrSetup,
  "ecr-public": () => ecrPublicSetup(),
  harbor: harborSetup,
  ibm: ibmSetup,
  jfrog: jfrogSetup,
  ghcr: ghcrSetup,
  gitlab: () => gitlabSetup(),
  gar: () => garSetup(),
  quay: () => quaySetup(),
};
