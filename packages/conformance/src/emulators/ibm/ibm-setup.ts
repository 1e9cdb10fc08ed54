import type { Setup } from "../setup.ts";
import { emulateIbm, type IbmEmulator } from "./ibm-emulator.ts";
import { namespaceOf } from "./ibm-state.ts";

const account = "6d7b23a1f0e94c8d";

/** One account in one region, and a service ID that may make namespaces. */
export async function ibmSetup(): Promise<Setup & { readonly emulator: IbmEmulator }> {
  const apiKey = "the API key of the ferry";
  const emulator = await emulateIbm({ region: "de", identities: [{ apiKey, account, isManager: true }] });
  const { state } = emulator;
  return {
    emulator,
    registry: state.host,
    target: `oci://${state.host}/harbourworks`,
    user: { environment: { IBMCLOUD_API_KEY: apiKey } },
    stranger: { environment: { IBMCLOUD_API_KEY: "the API key of a stranger" } },
    creation: "if-missing",
    prepare: (repositories) => {
      for (const name of repositories) state.namespaces.set(namespaceOf(name), account);
    },
    expire: () => state.tokens.revoke(),
  };
}
