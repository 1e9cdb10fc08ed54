/**
 * Chart metadata while it is being decoded: Go's zero values stand for what is absent, since a second document is decoded on top of
 * the first and leaves alone what it does not name.
 */
export interface MetadataDraft {
  name: string;
  home: string;
  sources: string[];
  version: string;
  description: string;
  keywords: string[];
  /** `null` = an empty entry, which Helm refuses. */
  maintainers: (MaintainerDraft | null)[];
  icon: string;
  apiVersion: string;
  condition: string;
  tags: string;
  appVersion: string;
  deprecated: boolean;
  annotations: Map<string, string>;
  kubeVersion: string;
  dependencies: (DependencyDraft | null)[];
  type: string;
}

export interface MaintainerDraft {
  name: string;
  email: string;
  url: string;
}

export interface DependencyDraft {
  name: string;
  version: string;
  repository: string;
  condition: string;
  tags: string[];
  enabled: boolean;
  "import-values": unknown[];
  alias: string;
}

export function emptyMetadata(): MetadataDraft {
  return {
    name: "",
    home: "",
    sources: [],
    version: "",
    description: "",
    keywords: [],
    maintainers: [],
    icon: "",
    apiVersion: "",
    condition: "",
    tags: "",
    appVersion: "",
    deprecated: false,
    annotations: new Map(),
    kubeVersion: "",
    dependencies: [],
    type: "",
  };
}

export function emptyMaintainer(): MaintainerDraft {
  return { name: "", email: "", url: "" };
}

export function emptyDependency(): DependencyDraft {
  return { name: "", version: "", repository: "", condition: "", tags: [], enabled: false, "import-values": [], alias: "" };
}
