import type { Setup } from "../setup.ts";
import { emulateHarbor, type HarborEmulator } from "./harbor-emulator.ts";
import { projectOf } from "./harbor-state.ts";

const host = "harbor.example.org";
const halfAnHour = 30 * 60_000;

/** A Harbor without projects, and a robot of the system that may make them. */
export async function harborSetup(): Promise<Setup & { readonly emulator: HarborEmulator }> {
  const password = "the secret of the ferry robot";
  const rights = { "*": ["pull", "push", "delete"] } as const;
  const emulator = await emulateHarbor({ host, accounts: new Map([["robot$ferry", { password, kind: "system robot", rights }]]) });
  const { projects } = emulator.state;
  return {
    emulator,
    registry: host,
    target: `oci://${host}/charts`,
    user: { auths: { [host]: { username: "robot$ferry", password } } },
    stranger: { auths: { [host]: { username: "robot$charts+stranger", password: "the secret of a stranger" } } },
    creation: "if-missing",
    prepare: (repositories) => {
      for (const name of repositories) projects.set(projectOf(name), { public: false });
    },
    makeImmutable: (immutable) => {
      for (const name of immutable) projects.set(projectOf(name), { public: false, immutable });
    },
    expire: () => emulator.clock.advance(halfAnHour),
  };
}
