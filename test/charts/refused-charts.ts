import { type ArchiveEntry, buildArchive } from "../../packages/core/src/chart/testing/build-archive.ts";
import type { HelmName } from "../support/helm.ts";

/** A chart that some Helm will not load, and that its users have in their repositories all the same. */
export interface RefusedChart {
  /** Goes on after "when it". */
  readonly title: string;
  readonly name: string;
  readonly archive: () => Buffer;
  /** Of helm3 and helm4. */
  readonly refusedBy: readonly HelmName[];
  readonly helmSays: RegExp;
  readonly weSay: RegExp;
}

const BOTH: readonly HelmName[] = ["helm3", "helm4"];
const TOO_BIG_FOR_HELM_3 = 5 * 1024 * 1024 + 1;

/** YAML that lenient readers take and Helm's does not, each as the whole Chart.yaml. */
const refusedYaml: readonly (readonly [name: string, title: string, yaml: (head: string) => string])[] = [
  ["yaml-directive", "names another YAML version in a directive", (head) => `%YAML 1.2\n---\n${head}`],
  ["long-key", "has a key of more than 1,024 characters", (head) => `${head}${"k".repeat(1025)}: v\n`],
  ["block-tab", "has a block text that begins with a tab", (head) => `${head}d: |\n  \ttext\n`],
  ["comment-tab", "has a tab before a comment", (head) => `${head}\t# comment\na: b\n`],
  ["next-line", "has the control character for a next line", (head) => `${head}a: b\u0085c\n`],
  ["line-separator", "has a line separator of Unicode", (head) => `${head}a: b\u2028c\n`],
  ["surrogates", "escapes surrogates", (head) => `${head}a: "\\ud83d\\ude00"\n`],
  ["no-code-point", "escapes what is no code point", (head) => `${head}a: "\\U00110000"\n`],
  ["slash-escape", "escapes a slash", (head) => `${head}a: "\\/"\n`],
  ["list-key", "has a list for a key", (head) => `${head}? [a, b]\n: v\n`],
  ["map-key", "has a map for a key", (head) => `${head}? {a: b}\n: v\n`],
  ["odd-anchor", "has an anchor with a slash", (head) => `${head}a: &a-b_c/d v\n`],
];

export const refusedCharts: readonly RefusedChart[] = [
  ...refusedYaml.map(([name, title, yaml]) => ({
    title,
    name,
    archive: () => buildArchive([{ name: `${name}/Chart.yaml`, content: yaml(`apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`) }]),
    refusedBy: BOTH,
    helmSays: /cannot load Chart\.yaml/u,
    weSay: /Helm does not read/u,
  })),
  {
    title: "has a values.yaml that is no YAML",
    name: "broken-values",
    archive: () => chart("broken-values", [{ name: "broken-values/values.yaml", content: "a: [\n" }]),
    refusedBy: BOTH,
    helmSays: /values\.yaml/u,
    weSay: /values\.yaml/u,
  },
  {
    title: "holds a file above 5 MiB",
    name: "big-file",
    archive: () => chart("big-file", [{ name: "big-file/big.bin", content: Buffer.alloc(TOO_BIG_FOR_HELM_3) }]),
    refusedBy: ["helm3"],
    helmSays: /larger than the maximum file size/u,
    weSay: /before 4\.3/u,
  },
  {
    title: "holds a sub-chart that is no archive",
    name: "broken-subchart",
    archive: () => chart("broken-subchart", [{ name: "broken-subchart/charts/sub.tgz", content: "not gzip" }]),
    refusedBy: BOTH,
    helmSays: /sub\.tgz|subchart/u,
    weSay: /sub\.tgz|sub-?chart/u,
  },
  {
    title: "names a file above its own folder",
    name: "traversal",
    archive: () => chart("traversal", [{ name: "traversal/../../etc/passwd", content: "root\n" }]),
    refusedBy: BOTH,
    helmSays: /parent directory/u,
    weSay: /not one that Helm unpacks/u,
  },
  {
    title: "is of a type that Helm does not know",
    name: "odd-type",
    archive: () => chart("odd-type", [], "type: widget\n"),
    refusedBy: BOTH,
    helmSays: /chart\.metadata\.type/u,
    weSay: /type/u,
  },
  {
    title: "gives a dependency an alias that Helm forbids",
    name: "odd-alias",
    archive: () => chart("odd-alias", [], "dependencies: [{name: a, version: 1.0.0, repository: '', alias: a/b}]\n"),
    refusedBy: BOTH,
    helmSays: /alias/u,
    weSay: /alias/u,
  },
  {
    title: "names a file by an absolute path",
    name: "absolute",
    archive: () => chart("absolute", [{ name: "absolute//etc/passwd", content: "root\n" }]),
    refusedBy: BOTH,
    helmSays: /absolute path/u,
    weSay: /absolute/u,
  },
  {
    title: "has a file beside its own folder",
    name: "beside",
    archive: () => chart("beside", [{ name: "stray.txt", content: "stray\n" }]),
    refusedBy: BOTH,
    helmSays: /outside the base directory/u,
    weSay: /stray\.txt/u,
  },
  {
    title: "has a Chart.lock that is no lock",
    name: "broken-lock",
    archive: () => chart("broken-lock", [{ name: "broken-lock/Chart.lock", content: "[1\n" }]),
    refusedBy: BOTH,
    helmSays: /Chart\.lock/u,
    weSay: /Chart\.lock/u,
  },
  {
    title: "names two dependencies alike",
    name: "twins",
    archive: () =>
      chart("twins", [], "dependencies: [{name: a, version: 1.0.0, repository: ''}, {name: a, version: 2.0.0, repository: ''}]\n"),
    refusedBy: BOTH,
    helmSays: /more than one dependency/u,
    weSay: /dependenc/u,
  },
  {
    title: "has an empty entry among its maintainers",
    name: "nobody",
    archive: () => chart("nobody", [], "maintainers: [null]\n"),
    refusedBy: BOTH,
    helmSays: /maintainers/u,
    weSay: /maintainers/u,
  },
];

function chart(name: string, more: readonly ArchiveEntry[], moreYaml = ""): Buffer {
  const chartYaml = `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${moreYaml}`;
  return buildArchive([{ name: `${name}/Chart.yaml`, content: chartYaml }, ...more]);
}
