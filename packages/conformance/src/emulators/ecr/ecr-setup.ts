import type { Setup } from "../setup.ts";
import { emulateEcr, type EcrEmulator } from "./ecr-emulator.ts";

const halfADay = 12 * 3_600_000;

/** One account in one region, and an identity that may create repositories. */
export async function ecrSetup(): Promise<Setup & { readonly emulator: EcrEmulator }> {
  const rights = { mayCreate: true, mayPush: true };
  const emulator = await emulateEcr({ account: "123456789012", region: "eu-west-1", identities: new Map([["AKIAHARBOURMASTER", rights]]) });
  const { state, clock } = emulator;
  const create = (repositories: readonly string[], immutable: boolean): void => {
    for (const name of repositories) state.repositories.set(name, { immutable, wish: {} });
  };
  return {
    emulator,
    registry: state.host,
    target: `oci://${state.host}/charts`,
    user: keys("AKIAHARBOURMASTER"),
    stranger: keys("AKIASTRANGER"),
    creation: "if-missing",
    prepare: (repositories) => create(repositories, false),
    makeImmutable: (repositories) => create(repositories, true),
    expire: () => clock.advance(halfADay),
    stale: () => {
      const { password } = state.issuePassword(rights);
      clock.advance(halfADay);
      const profile = "[default]\naws_access_key_id = AKIAHARBOURMASTER\naws_secret_access_key = the secret of a profile\n";
      return { auths: { [state.host]: { username: "AWS", password } }, files: { ".aws/credentials": profile } };
    },
  };
}

function keys(accessKeyId: string): Setup["user"] {
  return {
    environment: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: `the secret of ${accessKeyId}`,
      AWS_EC2_METADATA_DISABLED: "true",
    },
  };
}
