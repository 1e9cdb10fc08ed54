/** No file may name the machine it was written on, nor a host that packages are downloaded from. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { ROOT } from "./steps.mjs";

/** Written in pieces, since this file is checked as well. */
const PACKAGE_HOSTS = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["proxy", "golang", "org"],
  ["sum", "golang", "org"],
  ["files", "pythonhosted", "org"],
  ["deb", "debian", "org"],
].map((labels) => labels.join("."));

/** Folders of build machines, and those of the machine that this runs on. */
const FOLDERS = ["root", "work"].map((name) => `/${name}/`);

export function checkText() {
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" });
  const problems = files.split("\0").filter(Boolean).flatMap(problemsOf);
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

function problemsOf(file) {
  const path = join(ROOT, file);
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  if (bytes.includes(0)) return [];
  return bytes
    .toString("utf8")
    .split("\n")
    .flatMap((line, index) => forbiddenIn(line).map((found) => `${file}:${index + 1}: names ${found}`));
}

function forbiddenIn(line) {
  const folders = [...FOLDERS, ROOT, ...(homedir() === "/" ? [] : [`${homedir()}/`])];
  // A path stands at the start of a word: `a/work/b` is somebody's repository.
  const isPathIn = (folder) =>
    line
      .split(folder)
      .slice(0, -1)
      .some((before) => !/[\w.\-}/]$/u.test(before));
  return [...PACKAGE_HOSTS.filter((host) => line.includes(host)), ...new Set(folders.filter(isPathIn))];
}
