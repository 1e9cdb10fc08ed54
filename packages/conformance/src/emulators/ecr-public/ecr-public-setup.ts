import type { Setup } from "../setup.ts";
import { type EcrPublicEmulator, emulateEcrPublic } from "./ecr-public-emulator.ts";
import type { EcrPublicOptions } from "./ecr-public-state.ts";

const halfADay = 12 * 3_600_000;

/** The registry of one account, and an identity that may create repositories. */
export async function ecrPublicSetup(options: Partial<EcrPublicOptions> = {}): Promise<Setup & { readonly emulator: EcrPublicEmulator }> {
  const emulator = await emulateEcrPublic({
    account: "123456789012",
    aliases: ["a1b2c3d4", "harbour"],
    identities: new Map([["AKIAHARBOURMASTER", { mayCreate: true, mayPush: true }]]),
    ...options,
  });
  const { state, clock } = emulator;
  return {
    emulator,
    registry: state.host,
    target: `oci://${state.host}/harbour/charts`,
    user: keys("AKIAHARBOURMASTER"),
    stranger: keys("AKIASTRANGER"),
    creation: "if-missing",
    prepare: (repositories) => {
      for (const name of repositories) state.repositories.set(name.slice(name.indexOf("/") + 1), {});
    },
    expire: () => clock.advance(halfADay),
    stale: () => {
      const password = state.passwords.issue("AKIAHARBOURMASTER", []);
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
