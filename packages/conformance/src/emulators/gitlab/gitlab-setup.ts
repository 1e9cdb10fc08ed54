import type { Identity, Setup } from "../setup.ts";
import { emulateGitlab, type GitlabEmulator } from "./gitlab-emulator.ts";
import { type GitlabAccount, plainProject } from "./gitlab-state.ts";

export type GitlabSetup = Setup & { readonly emulator: GitlabEmulator };

const hosts = { host: "registry.gitlab.com", gitlabHost: "gitlab.com", blobHost: "storage.googleapis.com", tokenLife: 900 };
/** What its users make of it at home: any names, the registry on a port of its own is as usual. */
const homeHosts = {
  host: "registry.harbour.example",
  gitlabHost: "gitlab.harbour.example",
  blobHost: "objects.harbour.example",
  tokenLife: 300,
};

/** A group's project, and a user with an access token that may push to it. */
export async function gitlabSetup(at = hosts): Promise<GitlabSetup> {
  const project = "contoso/platform";
  const accounts = new Map<string, GitlabAccount>([
    ["harbourmaster", { password: "glpat-OfTheHarbourMaster", projects: [project], kind: "access-token" }],
    ["gitlab+deploy-token-1", { password: "gldt-OfTheProject", projects: [project], kind: "deploy-token" }],
    ["gitlab-ci-token", { password: "glcbt-OfAJob", projects: [project], kind: "job" }],
    ["somebody", { password: "glpat-OfSomebodyElse", projects: [], kind: "access-token" }],
  ]);
  const emulator = await emulateGitlab({ ...at, accounts });
  const { state, clock } = emulator;
  return {
    emulator,
    registry: at.host,
    target: `oci://${at.host}/${project}`,
    user: login(at.host, "glpat-OfTheHarbourMaster"),
    stranger: login(at.host, "glpat-OfLastYear"),
    creation: "by-hand",
    prepare: () => state.projects.set(project, plainProject),
    makeImmutable: () => {
      state.projects.set(project, { ...plainProject, immutable: ["^[0-9]"] });
      // Tokens of before know nothing of the rule.
      state.tokens.revoke();
    },
    expire: () => clock.advance(at.tokenLife * 1000),
    stale: () => ({
      ...login(at.host, "glpat-OfLastYear"),
      environment: { CI_REGISTRY: at.host, CI_REGISTRY_USER: "gitlab-ci-token", CI_REGISTRY_PASSWORD: "glcbt-OfAJob" },
    }),
  };
}

/** The same at somebody's own hosts, which no pattern tells. */
export function gitlabAtHomeSetup(): Promise<GitlabSetup> {
  return gitlabSetup(homeHosts);
}

function login(host: string, password: string): Identity {
  return { auths: { [host]: { username: "harbourmaster", password } } };
}
