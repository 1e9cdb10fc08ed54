import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { makeHelm } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";

const EXAMPLES = fileURLToPath(new URL("../examples", import.meta.url));
const REPOSITORY = join(EXAMPLES, "classic-repo");
const files = readdirSync(REPOSITORY);
const archives = files.filter((file) => file.endsWith(".tgz"));
const signed = archives.filter((file) => files.includes(`${file}.prov`));

describe("the example repository", () => {
  it("names each archive in its index, with its digest", () => {
    const entries = readFileSync(join(REPOSITORY, "index.yaml"), "utf8")
      .split(/^ {2}- /mu)
      .slice(1);
    const listed = entries.map((entry) => `${/^ {4}- (\S+\.tgz)$/mu.exec(entry)?.[1]} ${/digest: (\S+)/u.exec(entry)?.[1]}`);
    expect(new Set(listed)).toEqual(new Set(archives.map((file) => `${file} ${sha256(file)}`)));
    expect(listed).toHaveLength(8);
  });

  it("has signatures that name the digest of their archive", () => {
    const named = signed.map(
      (file) => /^ {2}(\S+: sha256:[0-9a-f]{64})$/mu.exec(readFileSync(join(REPOSITORY, `${file}.prov`), "utf8"))?.[1],
    );
    expect(named).toEqual(signed.map((file) => `${file}: sha256:${sha256(file)}`));
    expect(signed).toHaveLength(3);
  });
});

for (const name of ["helm3", "helm4", "helm4.2"] as const) {
  describeWith([name], `the example charts under ${name}`, () => {
    it.each(signed)("%s verifies with the public key beside it", async (file) => {
      const output = await makeHelm(name).output(["verify", "--keyring", join(EXAMPLES, "keyring.gpg"), join(REPOSITORY, file)]);
      expect(output).toContain(sha256(file));
    });

    it.each(archives.filter((file) => !file.startsWith("dock-helpers")))("%s renders", async (file) => {
      expect(await makeHelm(name).output(["template", "test", join(REPOSITORY, file)])).toContain("kind: ");
    });
  });
}

function sha256(file: string): string {
  return createHash("sha256")
    .update(readFileSync(join(REPOSITORY, file)))
    .digest("hex");
}
