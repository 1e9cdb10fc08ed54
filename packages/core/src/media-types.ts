/** Source of the Helm types: HIP 17 and helm's pkg/registry/constants.go; of the OCI ones: image-spec 1.1. */
export const mediaTypes = {
  helmConfig: "application/vnd.cncf.helm.config.v1+json",
  helmChart: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
  helmProvenance: "application/vnd.cncf.helm.chart.provenance.v1.prov",
  /** Chart layer of charts pushed before Helm 3.7; read, never written. */
  helmChartLegacy: "application/tar+gzip",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  ociArtifactManifest: "application/vnd.oci.artifact.manifest.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

/** The Accept header of every manifest request, as Helm sends it: CNCF Distribution answers 404 without the OCI types. */
export const manifestAccept = [
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.ociArtifactManifest,
].join(", ");
