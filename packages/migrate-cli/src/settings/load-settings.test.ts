import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { loadSettings, type Settings } from "./load-settings.ts";
import { settingsSchema } from "./settings-file.ts";

const environment = { REGISTRY_PASSWORD: "s3cret" };

/** Settings of a file with this text, and its folder. */
async function settingsOf(text: string): Promise<Settings & { readonly folder: string }> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "password"), "of a file\n");
  writeFileSync(join(folder, "chartferry.yaml"), text);
  return { ...(await loadSettings({ config: join(folder, "chartferry.yaml"), environment })), folder };
}

const text = `
registries:
  Harbor.example.com:
    adapter: harbor
    tls: { caFile: certs/ca.pem }
    username: robot
    password: { environment: REGISTRY_PASSWORD }
targets:
  production:
    to: oci://harbor.example.com/charts
    createRepositories: if-missing
    options: { public: false }
    password: { file: password }
  shelf: { to: "oci-layout:./shelf" }
`;

describe("chartferry.yaml", () => {
  it("gives targets names; other words stay as they are", async () => {
    const { targetOf } = await settingsOf(text);
    expect(["production", "shelf", "oci://else.example/x"].map((word) => targetOf(word))).toEqual([
      "oci://harbor.example.com/charts",
      "oci-layout:./shelf",
      "oci://else.example/x",
    ]);
  });

  it("says of a registry what holds for each target there, and of a target what goes before that", async () => {
    const { of, folder } = await settingsOf(text);
    const path = join(folder, "chartferry.yaml");
    const tls = { caFile: join(folder, "certs/ca.pem") };
    const login = { kind: "basic", username: "robot" };
    expect(await of("oci://harbor.example.com/other")).toEqual({
      adapter: "harbor",
      tls,
      credential: { ...login, password: "s3cret", source: `the variable REGISTRY_PASSWORD (named by ${path})` },
    });
    expect(await of("oci://harbor.example.com/charts")).toEqual({
      adapter: "harbor",
      tls,
      createRepositories: "if-missing",
      options: { public: false },
      credential: { ...login, password: "of a file", source: `${join(folder, "password")} (named by ${path})` },
    });
    expect(await of("oci://else.example/charts")).toEqual({});
  });

  it.each([
    ["a word that it does not know", "targets: { a: { to: oci://x.example/a, colour: red } }", /targets\.a: .*colour/],
    ["a target without an address", "targets: { a: { adapter: ecr } }", /targets\.a\.to/],
    ["an address that is none", 'targets: { a: { to: "https://x.example" } }', /targets\.a\.to: /],
    ["a password in the file itself", "registries: { x.example: { username: me, password: secret } }", /registries\.x\.example\.password/],
    ["what is not YAML", "targets: [", /cannot be used/],
    ["a list", "- a", /cannot be used/],
  ])("is refused for %s, with its place", async (_, content, problem) => {
    await expect(settingsOf(content)).rejects.toMatchObject({
      code: "usage",
      operation: "read configuration",
      message: expect.stringMatching(problem),
    });
  });

  it("is refused for a password that is not there, where its target is used", async () => {
    const { of } = await settingsOf(
      "registries: { x.example: { username: me, password: { environment: NOT_SET } }, y.example: { username: me } }",
    );
    await expect(of("oci://x.example/a")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("the variable NOT_SET"),
    });
    await expect(of("oci://y.example/a")).rejects.toMatchObject({ code: "usage", message: expect.stringContaining("without a password") });
  });

  it("need not be there, but where it was named", async () => {
    expect(await (await loadSettings({ environment })).of("oci://x.example/a")).toEqual({});
    await expect(loadSettings({ config: "/nonexistent/x.yaml", environment })).rejects.toMatchObject({ code: "file-missing" });
  });

  it("has a schema for editors that is the one it is read by", () => {
    const path = fileURLToPath(new URL("settings.schema.json", import.meta.url));
    if (process.env["CHARTFERRY_UPDATE_DOCS"] !== undefined) writeFileSync(path, `${JSON.stringify(settingsSchema(), undefined, 2)}\n`);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(settingsSchema());
  });
});
