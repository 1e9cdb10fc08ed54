import { describe, expect, it } from "vitest";

import { checkYamlMap, parseYaml } from "./parse-yaml.ts";
import { readChart } from "./read-chart.ts";
import { buildChart } from "./testing/build-archive.ts";

const head = "apiVersion: v2\nname: odd\nversion: 1.0.0\n";
const longKey = "k".repeat(1025);

/** Each was tried with Helm 4.3.1 and 3.22: neither loads the chart. */
const refused: readonly string[] = [
  `%YAML 1.2\n---\n${head}`,
  `%FOO x\n---\n${head}`,
  `${head}${longKey}: v\n`,
  `${head}"${longKey}": v\n`,
  `${head}x: {${longKey}: v}\n`,
  `${head}key${" ".repeat(1030)}: v\n`,
  `${head}d: |\n  \ttext\n`,
  `${head}d: |\n  \t\n  b\n`,
  `${head}\t# comment\na: b\n`,
  `${head}\t\na: b\n`,
  `${head}a:\n-\tb\n`,
  `${head}a: {\n\tb: c\n\t}\n`,
  `${head}?\ta\n: b\n`,
  `${head}a: b\u0085c\n`,
  `${head}a: b\u2028c\n`,
  `${head}a: b\u2029c\n`,
  `${head}# b\u2028c\na: b\n`,
  `${head}a: |\n  b\u2028c\n`,
  `${head}a: "\\ud83d\\ude00"\n`,
  `${head}a: "\\ud83d"\n`,
  `${head}a: "\\U00110000"\n`,
  `${head}a: "\\x41 \\/ \\e \\_ \\N \\L \\P \\a \\0"\n`,
  `${head}? [a, b]\n: v\n`,
  `${head}? {a: b}\n: v\n`,
  `${head}x: {[a, b]: v}\n`,
  `${head}x:\n  ? - a\n    - b\n  : v\n`,
  `${head}x: &l [a]\n? *l\n: v\n`,
  `${head}a: &a-b_c/d v\n`,
  `${head}a: &é v\n`,
  `${head}b: [a?b]\n`,
  `${head}b: c\n\t\n  d\n`,
  `${head}d: |\n  \ttext`,
  `${head}a: "\u2028\\/"\n`,
];

/** Near to the above, and loaded by both. */
const loaded: readonly string[] = [
  `%YAML 1.1\n---\n${head}`,
  `${head}...\n%YAML 1.2\n---\na: b\n`,
  `${head}%YAML 1.2\n`,
  `${head}%TAG ! tag:example.com:\n---\n[`,
  `${head}a: "b\n%YAML 1.2\nc"\n%YAML 1.2 # c\n?`,
  `${head}${longKey.slice(1)}: v\n`,
  `${head}${"é".repeat(600)}: v\n`,
  `${head}? ${longKey}\n: v\n`,
  `${head}a: ${longKey}${longKey}\nb: "${longKey}"\nc: [${longKey}]\n`,
  `${head}a: b\t# comment\nc:\t# comment\n  d: e\nf:\tg\nh: |\t# x\n  a\tb\n`,
  `${head} \t\na: b\n  \tc\n`,
  `${head}a: "b\n\tc"\nd: [\n\te]\nf: {g: h}\t\n`,
  `${head}a: "b\u2028c\u0085d"\ne: 'f\u2028g'\nh: [i\u2028 j]\nk: l\u2028 m\nn: o\u2028\n`,
  `${head}# b\u2028c: d\na: b\n`,
  `${head}a: |\n  b\u2028  c\n`,
  `${head}a: "\\x41 \\e \\_ \\N \\L \\P \\a \\0 \\U0010FFFF \\\\/ \\\\ud83d"\n`,
  `${head}a: '\\/ \\ud83d'\nb: |\n  \\/ "\\ud83d"\nc: \\/ # "\\/"\n`,
  `${head}b: "a & b/c &x/y"\nc: a &x/y\nd: &e-f_1 g\nh: [?a, b]\ni: who? me? [a?b]\n`,
];

async function codes(files: Record<string, string>): Promise<string[]> {
  return (await readChart(buildChart(files))).notes.map(({ code }) => code);
}

describe("YAML that Helm's reader refuses and ours takes", () => {
  it.each(refused)("is remarked on in Chart.yaml: %j", async (yaml) => {
    expect(await codes({ "Chart.yaml": yaml })).toEqual(["bad-chart-yaml"]);
  });

  it.each(refused)("is remarked on in values.yaml: %j", (yaml) => {
    const refusals: string[] = [];
    checkYamlMap(yaml, refusals);
    expect(refusals).toHaveLength(1);
  });

  it.each(loaded)("is not seen in what Helm takes: %j", async (yaml) => {
    expect(await codes({ "Chart.yaml": yaml })).toEqual([]);
  });

  it("takes linear time to find", () => {
    const started = performance.now();
    for (const part of ["&", "*", "? ", "\t", '"\\', "] ", "- ", "# ", "\u2028", "a?"]) {
      for (const text of [`a: ${part.repeat(200_000)}`, `a: |\n  ${part.repeat(200_000)}`, `a: '${part.repeat(200_000)}'`]) {
        try {
          checkYamlMap(text, []);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
    }
    // Quadratic time would take many minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("takes linear time to read as Helm does", () => {
    const started = performance.now();
    for (const part of ["\u2028", " \u2028x", "x   ", "\\\u2028", "\\ ", "%YAML 1.2\n"]) {
      for (const text of [`a: ${part.repeat(50_000)}`, `a: |\n  ${part.repeat(50_000)}`, `a: "${part.repeat(50_000)}"`]) {
        try {
          parseYaml(`${text}\nb: |\n  \u2028`, []);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

describe("nesting", () => {
  it("is followed to 900 levels, as Helm does", async () => {
    expect(await codes({ "Chart.yaml": `${head}x: ${deep(900)}\n`, "values.yaml": `a: ${deep(900)}\n` })).toEqual([]);
  });

  it.each([1_001, 5_000, 200_000])("of %i levels keeps neither name nor version from being read", async (levels) => {
    expect(await codes({ "Chart.yaml": `${head}x: ${deep(levels)}\nhome: h\n` })).toEqual(["not-checked"]);
    const { metadata } = await readChart(buildChart({ "Chart.yaml": `${head}x: ${deep(levels)}\nhome: h\n` }));
    expect(metadata).toEqual({ apiVersion: "v2", name: "odd", version: "1.0.0", home: "h" });
  });

  it("beyond the limit in a form that cannot be taken apart is refused, and the limit called ours", async () => {
    const chart = buildChart({ "Chart.yaml": `{name: odd, version: 1.0.0, x: ${deep(2_000)}}\n` });
    await expect(readChart(chart)).rejects.toMatchObject({
      code: "chart-invalid",
      message: expect.stringContaining("that are followed here"),
    });
  });

  it.each([`a: ${deep(2_000)}\n`, `a: &x ${deep(2_000)}\n`])("beyond the limit leaves values.yaml unchecked", async (values) => {
    expect(await codes({ "Chart.yaml": head, "values.yaml": values })).toEqual(["not-checked"]);
  });
});
