import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { adapters } from "@chartferry/adapters";
import { capabilityNames, errorCodes, type RegistryAdapter, type Repeat, requestRepeats, workRepeats } from "@chartferry/core";
import { afterAll, describe, expect, it } from "vitest";

import { generatedBlock, howToUpdate, markdownTable } from "./docs/generated-block.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCS = join(ROOT, "docs");
const home = makeTempDir("docs-reference");
afterAll(() => removeTempDir(home));

function page(name: string): string {
  return readFileSync(join(DOCS, name), "utf8");
}

async function helpOf(...command: readonly string[]): Promise<string> {
  return (await runChartferry([...command, "--help"], { home })).stdout.trim();
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

async function commandNames(): Promise<string[]> {
  const listed = (await helpOf()).split("Commands:")[1]?.split("\n\n")[0] ?? "";
  return [...listed.matchAll(/^ {2}(\w+) /gmu)].map((match) => match[1] ?? "").filter((name) => name !== "help");
}

describe("docs/commands.md", () => {
  it("has the help of every command as it is printed", async () => {
    const commands = await commandNames();
    expect(commands.length).toBeGreaterThan(0);
    for (const words of [[], ...commands.map((command) => [command])]) {
      const wanted = fenced(await helpOf(...words));
      expect(generatedBlock(join(DOCS, "commands.md"), ["help", ...words].join(" "), wanted), howToUpdate).toBe(wanted);
    }
  });
});

describe("docs/errors.md", () => {
  const rows = [...page("errors.md").matchAll(/^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \| (\d+) \| ([^|]+) \|$/gmu)];

  it("has a row for every error code, in the order of the list, and for no other", () => {
    expect(rows.map((row) => row[1])).toEqual([...errorCodes]);
  });

  it("says of every code what it means, whether trying again helps, and what to do", () => {
    const empty = rows.filter(([, , ...cells]) => cells.some((cell) => (cell ?? "").trim() === ""));
    expect(empty).toEqual([]);
  });
});

describe("docs/reliability.md", () => {
  it("says who repeats what, and how often, as the program does", () => {
    const { plain, upload } = requestRepeats;
    const wanted = markdownTable(
      ["", "429, 503", "connection breaks, no answer, 408, 5xx", "what it is about is gone"],
      [
        ["a request", repeatWords(plain.refused), repeatWords(plain.broken), "–"],
        ["a request of an upload", repeatWords(upload.refused), "see the upload", "see the upload"],
        ["the first request to another host of the source", "as any request", "as any request; once where no answer comes", "–"],
        ["the upload of a blob", "–", repeatWords(workRepeats.upload.broken), repeatWords(workRepeats.upload.gone)],
        ...(["blob download", "chart download", "index download"] as const).map((work) => [
          `a ${work} that breaks off`.replace("a index", "an index"),
          "–",
          repeatWords(workRepeats[work].broken),
          repeatWords(workRepeats[work].gone),
        ]),
        ["a version", "–", repeatWords(workRepeats.version.broken), repeatWords(workRepeats.version.gone)],
      ],
    );
    expect(generatedBlock(join(DOCS, "reliability.md"), "repeats", wanted), howToUpdate).toBe(wanted);
  });
});

function repeatWords({ remedy, tries }: Repeat): string {
  if (remedy === "none") return "–";
  const words = { again: "again", anew: "all of it anew", on: "goes on where it broke off" }[remedy];
  return tries === Infinity ? `${words}, for \`--max-wait\`` : `${words}, ${tries} tries in all`;
}

describe("docs/registries.md", () => {
  const file = join(DOCS, "registries.md");

  it("names every adapter", () => {
    const named = [...page("registries.md").matchAll(/^\| `([a-z-]+)` \|/gmu)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set(adapters.map(({ id }) => id)));
  });

  it("has the capabilities that the adapters declare, with the reason of every no", () => {
    const sorted = adapters.toSorted((left, right) => (left.id < right.id ? -1 : 1));
    const rows = capabilityNames.map((name) => [name, ...sorted.map(({ capabilities }) => shortAnswer(capabilities[name]))]);
    const table = markdownTable(["", ...sorted.map(({ id }) => id)], rows);
    expect(generatedBlock(file, "capabilities", table), howToUpdate).toBe(table);
    const notes = sorted.flatMap(reasonsOf).join("\n");
    expect(generatedBlock(file, "capability notes", notes), howToUpdate).toBe(notes);
    const traits = markdownTable(["", "upload", "tags a page", "largest manifest"], sorted.map(traitsOf));
    expect(generatedBlock(file, "traits", traits), howToUpdate).toBe(traits);
  });
});

function shortAnswer(answer: RegistryAdapter["capabilities"]["push"]): string {
  if (answer === true) return "yes";
  return answer === "probe" ? "asked" : "no";
}

function reasonsOf({ id, capabilities }: RegistryAdapter): string[] {
  return capabilityNames.flatMap((name) => {
    const answer = capabilities[name];
    return answer === true || answer === "probe" ? [] : [`- ${id}, ${name}: ${answer}`];
  });
}

function traitsOf({ id, traits }: RegistryAdapter): string[] {
  const upload = traits.upload === "single-post" ? "one POST is tried" : "POST and PUT";
  return [`\`${id}\``, upload, String(traits.tagPageSize ?? "its own choice"), `${traits.manifestBytes / 1024 / 1024} MiB`];
}

describe("docs/reliability.md", () => {
  it("has counts of the conformance program, without a failure, for the versions that test/oci-conformance.test.ts runs", () => {
    const rows = [...page("reliability.md").matchAll(/^\| (1\.1|dev) \| (\d+) \| (\d+) \| (\d+) \| \d+ \|$/gmu)];
    expect(rows.map(([, version, , failures, errors]) => [version, failures, errors])).toEqual([
      ["1.1", "0", "0"],
      ["dev", "0", "0"],
    ]);
    expect(rows.every(([, , results]) => Number(results) > 800)).toBe(true);
  });
});

describe("the pages", () => {
  const pages = readdirSync(DOCS).filter((name) => name.endsWith(".md"));

  it.each(pages)("%s links to files that exist", (name) => {
    const links = [...page(name).matchAll(/\]\((?!https?:)([^)#]+)/gu)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(DOCS, dirname(name), link)))).toEqual([]);
  });

  it("name files of this repository that exist", () => {
    const named = pages.flatMap((name) =>
      [...page(name).matchAll(/`((?:packages|test|tools|examples)\/[^`\s*…]+)`/gu)].map((match) => match[1] ?? ""),
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("name options and commands that exist", async () => {
    const help = (await Promise.all([[], ...(await commandNames()).map((command) => [command])].map((words) => helpOf(...words)))).join(
      "\n",
    );
    const own = pages.map((name) => page(name).replaceAll(/^.*\bhelm (?:pull|push|registry)\b.*$/gmu, "")).join("\n");
    const options = new Set([...own.matchAll(/(?<![\w-])--[a-z][a-z-]+/gu)].map(([option]) => option));
    expect([...options].filter((option) => !help.includes(option))).toEqual(["--verify"]);
  });
});

/** A hint is worth what its words are worth: an option that does not exist sends people looking for it. */
describe("the hints of error messages", () => {
  const sources = readdirSync(join(ROOT, "packages"), { recursive: true, encoding: "utf8" }).filter(
    (path) => /^[\w-]+\/src\/.*\.ts$/u.test(path) && !/\.test\.ts$|\/testing\//u.test(path),
  );
  const strings = sources.flatMap((path) => [
    ...readFileSync(join(ROOT, "packages", path), "utf8")
      .replaceAll(/\/\*\*?[^]*?\*\/|^\s*\/\/.*$/gmu, "")
      .matchAll(/(["'`])(?:(?!\1)[^\\\n]|\\.)*\1/gu),
  ]);

  it("name options that some command has", async () => {
    const help = (await Promise.all((await commandNames()).map((command) => helpOf(command)))).join("\n");
    const named = new Set(
      strings.flatMap(([text]) => text.replace(/\b(?:helm|npx|aws|az|gcloud) [^,;)]*/u, "").match(/(?<![\w<-])--[a-z][a-z-]+/gu) ?? []),
    );
    expect(named.size).toBeGreaterThan(10);
    expect([...named].filter((option) => !help.includes(option.replace(/-$/u, "")))).toEqual([]);
  });

  it("name commands that exist", async () => {
    const commands = await commandNames();
    const named = new Set(
      strings.flatMap(([text]) => [...text.matchAll(/chartferry (\w+)(?= HOST|`|"|$| NAME| DIR|\$)/gu)].map((match) => match[1] ?? "")),
    );
    expect([...named].filter((name) => !commands.includes(name))).toEqual([]);
  });
});
