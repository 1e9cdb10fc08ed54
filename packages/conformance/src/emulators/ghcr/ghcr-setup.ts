import type { Setup } from "../setup.ts";
import { emulateGhcr, type GhcrEmulator } from "./ghcr-emulator.ts";
import { ghcrHosts, type GithubToken } from "./ghcr-state.ts";

const login = (password: string) => ({ [ghcrHosts.registry]: { username: "harbourmaster", password } });

/** An organisation, and a user who may write its packages. */
export async function ghcrSetup(): Promise<Setup & { readonly emulator: GhcrEmulator }> {
  const owners = ["contoso", "harbourmaster"];
  const tokens = new Map<string, GithubToken>([
    ["ghp_OfTheHarbourMaster", { login: "harbourmaster", kind: "classic", owners }],
    ["ghs_OfAWorkflow", { login: "github-actions[bot]", kind: "actions", owners: ["contoso"] }],
    ["github_pat_OfTheHarbourMaster", { login: "harbourmaster", kind: "fine-grained", owners }],
    ["ghp_OfSomebodyElse", { login: "somebody", kind: "classic", owners: ["fabrikam"] }],
    ["ghp_OfLastYear", { login: "harbourmaster", kind: "classic", owners, expired: true }],
  ]);
  const emulator = await emulateGhcr({ tokens, organisations: ["contoso"] });
  return {
    emulator,
    registry: ghcrHosts.registry,
    target: `oci://${ghcrHosts.registry}/contoso/charts`,
    user: { auths: login("ghp_OfTheHarbourMaster") },
    stranger: { auths: login("ghp_OfLastYear") },
    creation: "on-push",
    prepare: () => {},
    expire: () => emulator.clock.advance(emulator.state.sessions.life * 1000),
    stale: () => ({ auths: login("ghp_OfLastYear"), environment: { GITHUB_TOKEN: "ghs_OfAWorkflow", GITHUB_ACTOR: "harbourmaster" } }),
  };
}
