import { startRegistry } from "@chartferry/registry";
import { expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { runProgram } from "../run-program.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { temporaryRegistryFolder } from "../testing/temporary-registry-folder.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;

it.each([
  ["as text", [], /^.*PUT http:\/\/127\.0\.0\.1:\d+\/v2\/charts\/harbour-web\/manifests\/1\.3\.0.*201/m],
  ["as JSON", ["--log-format", "json"], /"level":"debug","type":"request","text":".*PUT .*harbour-web\/manifests\/1\.3\.0/],
] as const)("--debug shows every request on stderr %s, and no password", async (_form, words, line) => {
  const password = "s3cret-of-the-target";
  const users = new Map([["me", password]]);
  const registry = await startRegistry({ directory: temporaryRegistryFolder(), durability: "none", basicAuth: { users } });
  try {
    const terminal = createFakeTerminal({ XDG_STATE_HOME: temporaryFolder(), HOME: "/nonexistent" }, password);
    const target = `oci://${registry.host}/charts`;
    const options = ["--debug", "--username", "me", "--password-stdin", ...words];
    expect(await runProgram(["migrate", examples, target, ...options], terminal)).toBe(0);
    expect(terminal.stderr()).toMatch(line);
    const shown = terminal.stdout() + terminal.stderr();
    for (const secret of [password, Buffer.from(`me:${password}`).toString("base64")]) expect(shown).not.toContain(secret);
  } finally {
    await registry.close();
  }
});
