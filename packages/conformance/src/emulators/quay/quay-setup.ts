import type { Identity, Setup } from "../setup.ts";
import { emulateQuay, type QuayEmulator } from "./quay-emulator.ts";

export type QuaySetup = Setup & { readonly emulator: QuayEmulator };

const hosts = { host: "quay.io", blobHost: "cdn01.quay.io", extendedNames: true };
const homeHosts = { host: "quay.harbour.example", blobHost: "objects.harbour.example", extendedNames: false };

/** An organisation, and a robot that may create repositories in it. */
export async function quaySetup(at = hosts): Promise<QuaySetup> {
  const emulator = await emulateQuay({
    ...at,
    organisations: ["contoso", "fabrikam"],
    accounts: new Map([
      ["contoso+ferry", { password: "ROBOT-TOKEN-OF-THE-FERRY", creatorIn: ["contoso"] }],
      ["contoso+reader", { password: "ROBOT-TOKEN-OF-A-READER", creatorIn: [] }],
    ]),
  });
  const { state, clock } = emulator;
  return {
    emulator,
    registry: at.host,
    target: `oci://${at.host}/contoso`,
    user: robot(at.host, "ROBOT-TOKEN-OF-THE-FERRY"),
    stranger: robot(at.host, "ROBOT-TOKEN-OF-LAST-YEAR"),
    creation: "on-push",
    prepare: () => {},
    makeImmutable: (repositories) => {
      for (const name of repositories) state.immutable.add(name);
    },
    expire: () => clock.advance(state.tokens.life * 1000),
  };
}

/** The same at somebody's own hosts, which no pattern tells, and without nested names. */
export function quayAtHomeSetup(): Promise<QuaySetup> {
  return quaySetup(homeHosts);
}

function robot(host: string, password: string): Identity {
  return { auths: { [host]: { username: "contoso+ferry", password } } };
}
