import { expect, it } from "vitest";

import { readIndexText } from "./testing/read-index-text.ts";

const end = 'generated: "2026-06-03T13:44:10Z"\n';
const before = "  1:\n  - version: 0.1.0\n    urls: [x]\n  flow: [{version: 0.2.0, urls: [x]}]\n  odd: text\n";
const after = "  - version: 1.1.0\n    urls: [x]\n  b:\n  - version: 2.0.0\n    urls: [x]\n";

function index(field: string): string {
  return `apiVersion: v1\nentries:\n${before}  a:\n  - version: 0.9.0\n    urls: [x]\n  - version: 1.0.0\n    urls: [x]\n${field}${after}${end}`;
}

async function read(text: string): Promise<{ versions: string[]; problems: string[]; notes: string[] }> {
  const { entries, problems, notes } = await readIndexText(text, { chunkBytes: 50 });
  return { versions: entries.map(({ chart, version }) => `${chart} ${version}`), problems: problems.map(({ chart }) => chart), notes };
}

// Helm 3.22 and 4.3.1 read each of them so.
it.each([
  ["a text in quotes, into which an entry seems to begin", '    description: "x\n  - version: 3.0.0\n    urls: [x]"\n'],
  ["a text in quotes, into which a chart seems to begin", "    description: 'x\n  c:\n  - version: 3.0.0\n    urls: [x]'\n"],
  ["a text in quotes, into which the index seems to end", '    description: "x\nserverInfo: {}"\n'],
  ["a list in brackets", "    keywords: [x,\n  y,\nz]\n"],
])("%s, belongs to its entry", async (_what, field) => {
  expect(await read(index(field))).toEqual({
    versions: ["1 0.1.0", "flow 0.2.0", "a 0.9.0", "a 1.0.0", "a 1.1.0", "b 2.0.0"],
    problems: ["odd"],
    notes: [],
  });
});

it("an entry with quotes that nothing closes costs only itself", async () => {
  expect(await read(index('    description: "x\n'))).toEqual({
    versions: ["1 0.1.0", "flow 0.2.0", "a 0.9.0", "a 1.1.0", "b 2.0.0"],
    problems: ["odd", "a"],
    notes: [],
  });
});

it("the lists of a chart that stands twice are counted together", async () => {
  const text = `apiVersion: v1\nentries:\n  a:\n  - version: 1.0.0\n    urls: [x]\n  a:\n  - version: 2.0.0\n    urls: ["x\n  y: z"]\n  a:\n  - version: 3.0.0\n    urls: [x]\n${end}`;
  expect(await read(text)).toEqual({ versions: ["a 1.0.0", "a 2.0.0", "a 3.0.0"], problems: [], notes: [] });
});
