import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

import { runChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const home = makeTempDir("help");
afterAll(() => removeTempDir(home));

const connection = list(
  "--plain-http --insecure-skip-tls-verify --ca-file --cert-file --key-file --username --password-stdin --registry-config --debug",
);
/** What the product promises of each command; docs/commands.md is checked against the whole help elsewhere. */
const promised: Readonly<Record<string, readonly string[]>> = {
  migrate: [
    ...list("--chart --exclude --version --existing --provenance --url-rewrite --allow-missing-digest --created --adapter"),
    ...list("--report --journal --concurrency --max-wait --output --log-format --dry-run"),
    ...list("--source-username --source-password-file --source-ca-file --source-cert-file --source-key-file"),
    ...connection,
  ],
  plan: [
    ...list(
      "--chart --exclude --version --latest --v-prefix --rename --existing --provenance --url-rewrite --allow-missing-digest --created",
    ),
    ...list("--deep --check --output --report --journal --concurrency --max-wait --source-username --source-ca-file"),
    ...connection,
  ],
  verify: [
    ...list("--chart --exclude --version --latest --v-prefix --rename --provenance --url-rewrite --quick --output --report --concurrency"),
    ...list("--max-wait --source-username --source-ca-file"),
    ...connection,
  ],
  push: ["--existing", "--provenance", "--created", "--helm-compatible", "--output", ...connection],
  publish: ["--to", "--existing", "--provenance", "--created", "--output", ...connection],
  pull: ["--version", "--destination", "--prov", ...connection],
  serve: ["--host", "--port", "--tls-cert", "--tls-key", "--user", "--password-file", "--read-only"],
};

function list(words: string): string[] {
  return words.split(" ");
}

describe("help", () => {
  it.each(Object.entries(promised))("of %s names every option it takes", async (command, options) => {
    const help = await runChartferry([command, "--help"], { home });
    expect({ code: help.code, stderr: help.stderr }).toEqual({ code: 0, stderr: "" });
    for (const option of options) expect(help.stdout).toMatch(new RegExp(`(?:^|[\\s,])${option}(?:[\\s,]|$)`, "mu"));
  });

  it("names every command and the exit codes, by --help, by help and with nothing", async () => {
    const asked = await runChartferry(["--help"], { home });
    expect({ code: asked.code, stderr: asked.stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of Object.keys(promised)) expect(asked.stdout).toContain(`\n  ${name} `);
    for (const code of ["0 ", "1 ", "2 ", "130 "]) expect(asked.stdout).toContain(code);
    expect((await runChartferry(["help"], { home })).stdout).toBe(asked.stdout);
    const nothing = await runChartferry([], { home });
    expect({ code: nothing.code, stdout: nothing.stdout }).toEqual({ code: 2, stdout: "" });
    expect(nothing.stderr).toContain("migrate");
  });

  it("fits into 80 columns where the terminal says nothing else", async () => {
    const { stdout } = await runChartferry(["migrate", "--help"], { home });
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });
});

describe("version", () => {
  it("is that of the package, alone on stdout", async () => {
    const file = fileURLToPath(new URL("../packages/migrate-cli/package.json", import.meta.url));
    const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
    expect(await runChartferry(["--version"], { home })).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});
