import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { setups } from "@chartferry/conformance/emulators";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { readBlocks } from "./docs/read-blocks.ts";
import { type HostedPlace, hostedPlace } from "./hosted/hosted-place.ts";
import { environmentOf } from "./hosted/identity-environment.ts";
import { startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { describeWith, requireTool } from "./support/real-tools.ts";
import { runProgram } from "./support/run-program.ts";

/** Every `sh` block of docs/registries/NAME.md is run, in its order, at the emulator of that registry under the very host name that stands in the page. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(ROOT, "packages", "migrate-cli", "dist", "main.js");
const EXAMPLES = join(ROOT, "examples", "classic-repo");
const pages = readdirSync(join(ROOT, "docs", "registries")).map((name) => name.replace(/\.md$/u, ""));

it("has a page for every registry that is hosted, and for no other", () => {
  expect(pages.toSorted()).toEqual(Object.keys(setups).toSorted());
});

let charts: StaticServer;
beforeAll(async () => (charts = await startStaticServer(EXAMPLES)));
afterAll(() => charts.stop());

describeWith(["helm4"], "the pages of registries", () => {
  describe.each(pages.filter((name) => setups[name] !== undefined))("docs/registries/%s.md", (name) => {
    const blocks = readBlocks(join(ROOT, "docs", "registries", `${name}.md`)).filter(({ language }) => language === "sh");

    it("shows commands that work there", async () => {
      expect(blocks.length).toBeGreaterThan(0);
      const place = await hostedPlace(name);
      prepareFolder(place.home);
      for (const { text, line } of blocks) {
        expect(text).toContain(place.setup.registry);
        const script = text.replaceAll("https://charts.example.com", charts.url);
        const result = await runProgram("/bin/sh", ["-e", "-c", script], { cwd: place.home, env: environment(place) });
        expect({ line, ...result }).toMatchObject({ line, code: 0 });
      }
      expect(place.world.refused).toEqual([]);
    });
  });
});

function environment({ world, setup, home }: HostedPlace): Record<string, string> {
  return {
    ...environmentOf(world, setup.user, home),
    PATH: `${home}/bin:${process.env["PATH"] ?? ""}`,
    HOME: home,
    NO_COLOR: "1",
    TZ: "UTC",
  };
}

/** A folder in which the commands of a page find what they name. */
function prepareFolder(folder: string): void {
  cpSync(join(EXAMPLES, "harbour-web-1.3.0.tgz"), join(folder, "harbour-web-1.3.0.tgz"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "chartferry"), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
  chmodSync(join(folder, "bin", "chartferry"), 0o755);
  symlinkSync(requireTool("helm4"), join(folder, "bin", "helm"));
}
