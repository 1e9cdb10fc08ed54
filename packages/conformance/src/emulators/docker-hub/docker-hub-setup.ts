import type { Identity, Setup } from "../setup.ts";
import { emulateDockerHub, type HubEmulator } from "./docker-hub-emulator.ts";
import { hubHosts } from "./docker-hub-state.ts";

/** An organisation, and a user with an access token that may push to it. */
export async function dockerHubSetup(): Promise<Setup & { readonly emulator: HubEmulator }> {
  const account = { accessToken: "dckr_pat_of-the-harbour-master", namespaces: ["contoso", "harbourmaster"], mayPush: true };
  const other = { accessToken: "dckr_pat_of-somebody-else", namespaces: ["fabrikam"], mayPush: true };
  const emulator = await emulateDockerHub({
    accounts: new Map([
      ["harbourmaster", account],
      ["somebody", other],
    ]),
  });
  const { state, clock } = emulator;
  return {
    emulator,
    registry: hubHosts.registry,
    target: `oci://${hubHosts.registry}/contoso`,
    user: login("harbourmaster", account.accessToken),
    stranger: login("harbourmaster", "dckr_pat_of-last-year"),
    creation: "on-push",
    prepare: () => {},
    makeImmutable: (repositories) => {
      for (const name of repositories) state.immutable.add(name);
    },
    expire: () => clock.advance(state.tokens.life * 1000),
  };
}

/** Under the key at which every tool looks. */
function login(username: string, password: string): Identity {
  return { auths: { "https://index.docker.io/v1/": { username, password } } };
}
