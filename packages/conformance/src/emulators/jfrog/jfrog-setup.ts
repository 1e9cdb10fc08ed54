import type { Setup } from "../setup.ts";
import { emulateJfrog, type JfrogEmulator } from "./jfrog-emulator.ts";
import { type JfrogRepository, splitKey } from "./jfrog-state.ts";

const host = "harbourworks.jfrog.io";

/** A platform without repositories of charts, and an administrator with an identity token. */
export async function jfrogSetup(): Promise<Setup & { readonly emulator: JfrogEmulator }> {
  const secret = "the identity token of the ferry";
  const emulator = await emulateJfrog({ host, users: new Map([["ferry", { secret, administrator: true, rights: {} }]]) });
  const create = (repositories: readonly string[], kind: Partial<JfrogRepository>): void => {
    for (const name of repositories) emulator.state.repositories.set(splitKey(name).key, { type: "oci", rclass: "local", ...kind });
  };
  return {
    emulator,
    registry: host,
    target: `oci://${host}/charts-oci/team`,
    user: { environment: { JF_URL: `https://${host}`, JF_USER: "ferry", JF_ACCESS_TOKEN: secret } },
    stranger: { environment: { JF_URL: `https://${host}`, JF_USER: "ferry", JF_ACCESS_TOKEN: "a token of somebody else's" } },
    creation: "if-missing",
    prepare: (repositories) => create(repositories, { rclass: "virtual" }),
    makeImmutable: (repositories) => create(repositories, { blocksTags: true }),
    expire: () => emulator.state.revokeTokens(),
  };
}
