import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { setups } from "@chartferry/conformance/emulators";
import { expect, it } from "vitest";

import { hostedPlace } from "./hosted/hosted-place.ts";
import { environmentOf } from "./hosted/identity-environment.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const sdks = ["@aws-sdk/client-ecr", "@aws-sdk/client-ecr-public", "@azure/identity", "google-auth-library"] as const;

/** Packages below node_modules that a run of the program has loaded; V8's coverage names every script. */
async function loadedBy(words: readonly string[], home: string, env: Record<string, string> = {}): Promise<Set<string>> {
  const folder = join(home, "coverage");
  mkdirSync(folder);
  const run = await runChartferry(words, { home, env: { ...env, NODE_V8_COVERAGE: folder } });
  expect(run).toMatchObject({ code: 0 });
  const scripts = readdirSync(folder).flatMap((file) => [...readFileSync(join(folder, file), "utf8").matchAll(/"url":"([^"]*)"/gu)]);
  return new Set(scripts.flatMap(([, url = ""]) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//u.exec(url)?.[1] ?? []));
}

it.each([["--help"], ["migrate", examples, "oci-layout:./layout"]])("chartferry %s loads no vendor's library", async (...words) => {
  const home = makeTempDir("modules");
  const loaded = await loadedBy(words, home);
  expect(sdks.filter((name) => loaded.has(name))).toEqual([]);
  // The program, its engine and a handful: what everybody pays for.
  expect(loaded.size).toBeLessThan(8);
  removeTempDir(home);
});

const own: Readonly<Record<string, readonly (typeof sdks)[number][]>> = {
  ecr: ["@aws-sdk/client-ecr"],
  "ecr-public": ["@aws-sdk/client-ecr-public"],
  acr: ["@azure/identity"],
  gar: ["google-auth-library"],
};

it.each(Object.keys(setups))("a migration to %s loads its own vendor's library, and no other", async (name) => {
  const place = await hostedPlace(name);
  const creating = place.setup.creation === "if-missing" ? ["--create-repositories", "if-missing"] : [];
  const words = ["migrate", examples, place.setup.target, "--chart", "harbour-web", ...creating];
  const loaded = await loadedBy(words, place.home, environmentOf(place.world, place.setup.user, place.home));
  expect(sdks.filter((sdk) => loaded.has(sdk))).toEqual(own[name] ?? []);
});
