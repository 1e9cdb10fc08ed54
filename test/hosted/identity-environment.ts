import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Identity, World } from "@chartferry/conformance/emulators";

/** Everything that makes a program somebody in an emulated world: proxy, authority, variables, Docker's file. `home` is a folder of this test's own. */
export function environmentOf(world: World, identity: Identity, home: string): Record<string, string> {
  const folder = join(home, "docker");
  mkdirSync(folder, { recursive: true });
  const auths = Object.entries(identity.auths ?? {}).map(([key, { username, password }]) => [
    key,
    { auth: Buffer.from(`${username}:${password}`).toString("base64") },
  ]);
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: Object.fromEntries(auths) }));
  for (const [path, text] of Object.entries(identity.files ?? {})) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return { ...world.environment, ...identity.environment, DOCKER_CONFIG: folder };
}
