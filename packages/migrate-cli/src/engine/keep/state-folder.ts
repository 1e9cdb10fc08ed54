import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where this user's programs keep what survives a run but is no configuration. Source: XDG base directory specification. */
export function stateFolder(
  environment: Environment,
  { platform, home }: { readonly platform: NodeJS.Platform; readonly home: string } = { platform: process.platform, home: homedir() },
): string {
  const { XDG_STATE_HOME: xdg, LOCALAPPDATA: local } = environment;
  if (xdg !== undefined && xdg.startsWith("/")) return join(xdg, "chartferry");
  if (platform === "win32") return join(local ?? join(home, "AppData", "Local"), "chartferry");
  if (platform === "darwin") return join(home, "Library", "Application Support", "chartferry");
  return join(home, ".local", "state", "chartferry");
}

/** One journal for each pair of source and target, so that two runs side by side do not wait for each other. The name is for people; the hash tells pairs apart. */
export function defaultJournalPath(
  { source, target }: { readonly source: string; readonly target: string },
  environment: Environment,
): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([source, target]))
    .digest("hex")
    .slice(0, 16);
  const name = target
    .replace(/^[a-z-]+:\/*/, "")
    .replace(/[^A-Za-z0-9.-]+/g, "-")
    .slice(0, 60);
  return join(stateFolder(environment), "journals", `${name}-${hash}.jsonl`);
}
