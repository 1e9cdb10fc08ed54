import { homedir } from "node:os";
import { posix, win32 } from "node:path";

export interface PathOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Home directory; default: the user's. */
  readonly home?: string | undefined;
  readonly platform?: NodeJS.Platform | undefined;
}

/** Helm's credential file, whether it exists or not. Source: helm `pkg/helmpath` and `pkg/cli/environment.go`. */
export function helmRegistryConfigPath({ environment, home = homedir(), platform = process.platform }: PathOptions): string {
  const join = joinOf(platform);
  const given = environment["HELM_REGISTRY_CONFIG"];
  if (given) return given;
  const tail = ["registry", "config.json"];
  if (environment["HELM_CONFIG_HOME"]) return join(environment["HELM_CONFIG_HOME"], ...tail);
  if (environment["XDG_CONFIG_HOME"]) return join(environment["XDG_CONFIG_HOME"], "helm", ...tail);
  if (platform === "darwin") return join(home, "Library", "Preferences", "helm", ...tail);
  if (platform === "win32") return join(environment["APPDATA"] || join(home, "AppData", "Roaming"), "helm", ...tail);
  return join(home, ".config", "helm", ...tail);
}

/** Docker's credential file, whether it exists or not. */
export function dockerConfigPath({ environment, home = homedir(), platform = process.platform }: PathOptions): string {
  const join = joinOf(platform);
  return join(environment["DOCKER_CONFIG"] || join(home, ".docker"), "config.json");
}

function joinOf(platform: NodeJS.Platform): (...parts: string[]) => string {
  return (...parts) => (platform === "win32" ? win32 : posix).join(...parts);
}
