import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

import { startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const MAIN = fileURLToPath(new URL("../packages/migrate-cli/dist/main.js", import.meta.url));
const indexBytes = 300 * 1000 * 1000;
const mostMemory = 200 * 1024;
const scratch = makeTempDir("plan-huge");
afterAll(() => removeTempDir(scratch));

/** How an index is written, chart by chart. */
interface Form {
  readonly head: string;
  readonly chart: (name: string, entries: readonly string[]) => string;
  readonly entry: (chart: string, version: string, number: number) => string;
  readonly separator: string;
  readonly end: string;
}

/** As `helm repo index` writes it. */
const yaml: Form = {
  head: "apiVersion: v1\nentries:\n",
  chart: (name, entries) => `  ${name}:\n${entries.join("")}`,
  entry: yamlEntry,
  separator: "",
  end: 'generated: "2024-01-02T03:04:05Z"\n',
};

/** All on one line, as programs write it. */
const json: Form = {
  head: '{"apiVersion":"v1","entries":{',
  chart: (name, entries) => `${JSON.stringify(name)}:[${entries.join(",")}]`,
  entry: jsonEntry,
  separator: ",",
  end: '},"generated":"2024-01-02T03:04:05Z"}\n',
};

/** Returns how many versions it has. */
function writeHugeIndex(path: string, { head, chart, entry, separator, end }: Form): number {
  const file = openSync(path, "w");
  let [bytes, count] = [writeSync(file, head), 0];
  for (let number = 0; bytes < indexBytes; number++) {
    const name = `chart-${number}`;
    const versions = Array.from({ length: 200 }, (_, minor) => entry(name, `1.${minor}.0`, count++));
    bytes += writeSync(file, `${number === 0 ? "" : separator}${chart(name, versions)}`);
  }
  writeSync(file, end);
  closeSync(file);
  return count;
}

function yamlEntry(chart: string, version: string, number: number): string {
  const lines = [
    "apiVersion: v2",
    `appVersion: ${version}`,
    'created: "2024-01-02T03:04:05.678901234Z"',
    "dependencies:",
    "- name: common",
    "  repository: https://charts.example.com/common",
    "  version: 1.x.x",
    `description: A chart by the name of ${chart}, with some words about what it is good for`,
    `digest: ${number.toString(16).padStart(64, "0")}`,
    `home: https://example.com/charts/${chart}`,
    "keywords:",
    "- one",
    "- two",
    "maintainers:",
    "- email: someone@example.com",
    "  name: Someone",
    `name: ${chart}`,
    "sources:",
    "- https://github.com/example/charts",
    "type: application",
    "urls:",
    `- ${chart}-${version}.tgz`,
    `version: ${version}`,
  ];
  return `  - ${lines.join("\n    ")}\n`;
}

function jsonEntry(chart: string, version: string, number: number): string {
  return JSON.stringify({
    name: chart,
    version,
    description: `A chart by the name of ${chart}, with {some} "words" about what it is good for ${". ".repeat(100)}`,
    apiVersion: "v2",
    appVersion: version,
    dependencies: [{ name: "common", repository: "https://charts.example.com/common", version: "1.x.x" }],
    created: "2024-01-02T03:04:05.678901234Z",
    digest: number.toString(16).padStart(64, "0"),
    urls: [`${chart}-${version}.tgz`],
  });
}

/** Peak of the resident memory so far, in KiB; 0 once the process is gone. */
function peakMemory(processId: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

describe.skipIf(process.platform !== "linux")("an index of 300 MB (skipped where there is no /proc)", () => {
  it.each([
    ["YAML", yaml],
    ["JSON", json],
  ])(
    "is planned within 200 MiB of memory where it is %s",
    async (what, form) => {
      const home = join(scratch, `home-${what}`);
      const repository = join(scratch, what);
      for (const folder of [home, repository]) mkdirSync(folder);
      const count = writeHugeIndex(join(repository, "index.yaml"), form);
      const server = await startStaticServer(repository);
      const words = ["plan", server.url, `oci-layout:${scratch}/none`, "--output", "json"];
      const child = spawn(process.execPath, [MAIN, ...words], {
        cwd: home,
        env: { HOME: home, TMPDIR: home },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const mark = '{"chart":';
      let [peak, lines, head, rest] = [0, 0, "", ""];
      for await (const piece of child.stdout) {
        const text = String(piece);
        if (head.length < 4096) head += text;
        lines += `${rest}${text}`.split(mark).length - 1;
        // A mark may come in two pieces, and must not count in both.
        rest = text.slice(1 - mark.length);
        peak = Math.max(peak, peakMemory(child.pid ?? 0));
      }
      const code = child.exitCode ?? (await new Promise((settle) => child.once("exit", settle)));
      await server.stop();
      expect({ code, lines }).toEqual({ code: 0, lines: count });
      expect(head).toContain(`"push": ${count}`);
      expect(peak).toBeGreaterThan(0);
      expect(peak).toBeLessThan(mostMemory);
    },
    600_000,
  );
});
