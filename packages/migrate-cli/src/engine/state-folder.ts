import { homedir } from "node:os";
import { join } from "node:path";

/** Where this user's programs keep what survives a run but is no configuration. Source: XDG base directory specification. */
export function stateFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const { XDG_STATE_HOME: xdg, LOCALAPPDATA: local } = environment;
  if (xdg !== undefined && xdg.startsWith("/")) return join(xdg, "chartferry");
  if (platform === "win32") return join(local ?? join(home, "AppData", "Local"), "chartferry");
  if (platform === "darwin") return join(home, "Library", "Application Support", "chartferry");
  return join(home, ".local", "state", "chartferry");
}
