/** The lock file must work with any registry of packages, and `npm ci` must accept it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./steps.mjs";

export function checkLockFile() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const addressed = Object.entries(packages).filter(([, { resolved }]) => /^https?:/u.test(resolved ?? ""));
  for (const [name, { resolved }] of addressed) console.error(`package-lock.json: ${name} carries the download address ${resolved}`);
  const unpinned = unpinnedDependencies(Object.entries(packages));
  for (const message of unpinned) console.error(message);
  const isAccepted = run("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
  if (!isAccepted) console.error("package-lock.json: npm ci does not accept it");
  return addressed.length === 0 && unpinned.length === 0 && isAccepted;
}

/** Of our own packages only: what they ask for is one exact version. */
function unpinnedDependencies(entries) {
  const own = entries.filter(([path]) => !path.includes("node_modules/"));
  return own.flatMap(([path, { dependencies = {}, devDependencies = {} }]) =>
    Object.entries({ ...dependencies, ...devDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+/u.test(version))
      .map(([name, version]) => `${path || "."}/package.json: ${name} is not pinned to one version (${version})`),
  );
}
