import {
  decodeAnything,
  decodeEntry,
  decodeFlag,
  decodeList,
  decodeObject,
  decodeText,
  decodeTextMap,
  type Complaints,
  type Fields,
} from "./decode-value.ts";
import { emptyDependency, emptyMaintainer, type DependencyDraft, type MaintainerDraft, type MetadataDraft } from "./metadata-draft.ts";
import type { YamlNode } from "./parse-yaml.ts";

const textList = decodeList(decodeText, () => "");

const maintainerFields: Fields<MaintainerDraft> = { name: decodeText, email: decodeText, url: decodeText };

const dependencyFields: Fields<DependencyDraft> = {
  name: decodeText,
  version: decodeText,
  repository: decodeText,
  condition: decodeText,
  tags: textList,
  enabled: decodeFlag,
  "import-values": decodeList(decodeAnything, () => null),
  alias: decodeText,
};

const dependencyList = decodeList(decodeEntry(dependencyFields, emptyDependency), emptyDependency);

const metadataFields: Fields<MetadataDraft> = {
  name: decodeText,
  home: decodeText,
  sources: textList,
  version: decodeText,
  description: decodeText,
  keywords: textList,
  maintainers: decodeList(decodeEntry(maintainerFields, emptyMaintainer), emptyMaintainer),
  icon: decodeText,
  apiVersion: decodeText,
  condition: decodeText,
  tags: decodeText,
  appVersion: decodeText,
  deprecated: decodeFlag,
  annotations: decodeTextMap,
  kubeVersion: decodeText,
  dependencies: dependencyList,
  type: decodeText,
};

/** Decodes Chart.yaml or requirements.yaml on top of what is known, and returns what did not fit. */
export function decodeMetadata(node: YamlNode, draft: MetadataDraft): Complaints {
  const complaints: Complaints = [];
  decodeObject(node, draft, { path: "", complaints, fields: metadataFields });
  return complaints;
}

interface LockDraft {
  generated: string;
  digest: string;
  dependencies: (DependencyDraft | null)[];
}

const lockFields: Fields<LockDraft> = {
  generated: (node, before, at) => {
    const text = typeof node === "string" ? node : node === null ? before : "";
    if (node !== null && !rfc3339.test(text)) at.complaints.push(`${at.path} is not a time`);
    return text;
  },
  digest: decodeText,
  dependencies: dependencyList,
};

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** What does not fit in a Chart.lock; Helm loads a chart only with a lock that it can read. */
export function checkLock(node: YamlNode): Complaints {
  const complaints: Complaints = [];
  decodeObject<LockDraft>(node, { generated: "", digest: "", dependencies: [] }, { path: "", complaints, fields: lockFields });
  return complaints;
}
