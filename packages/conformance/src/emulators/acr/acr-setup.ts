import type { Setup } from "../setup.ts";
import { startLocalService } from "../world/local-service.ts";
import { type AcrEmulator, emulateAcr } from "./acr-emulator.ts";
import type { AcrIdentity, AcrOptions } from "./acr-state.ts";
import { federatedToken, identityEndpoint } from "./entra.ts";

const hour = 3_600_000;
const tenant = "72f988bf-0000-4000-8000-2d7cd011db47";
const client = "c9a5f3a0-1111-4222-8333-harbourmaster";
const secret = "the secret of the harbour master";
const header = "the header of this machine";

export interface AcrSetup extends Setup {
  readonly emulator: AcrEmulator;
  /** Who signs in without a secret: the machine itself, and a pod with a projected token. */
  readonly machine: Setup["user"];
  readonly workload: (tokenFile: string) => Setup["user"];
  /** What the projected token file holds. */
  readonly projected: string;
}

/** One registry, an application that may push everywhere, an admin user, and a token with a scope map for `charts/web`. */
export async function acrSetup(options: Partial<AcrOptions> = {}): Promise<AcrSetup> {
  const all = ["pull", "push", "delete"] as const;
  const registry = await emulateAcr({
    name: "contoso",
    tenant,
    applications: new Map([[client, { secret, may: () => all }]]),
    users: new Map<string, AcrIdentity>([
      ["contoso", { secret: "the admin's password", may: () => all }],
      ["web-pusher", { secret: "the password of a token", may: (repository) => (repository === "charts/web" ? ["pull", "push"] : []) }],
    ]),
    ...options,
  });
  const { state, clock } = registry;
  const machine = await startLocalService(identityEndpoint(state, client, header));
  const close = async (): Promise<void> => {
    await machine.close();
    await registry.close();
  };
  const own = { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client };
  const identity = { IDENTITY_ENDPOINT: `${machine.origin}/msi/token`, IDENTITY_HEADER: header };
  return {
    emulator: { ...registry, close },
    registry: state.host,
    target: `oci://${state.host}/charts`,
    user: { environment: { ...own, AZURE_CLIENT_SECRET: secret } },
    stranger: { environment: { ...own, AZURE_CLIENT_SECRET: "the secret of a stranger" } },
    machine: { environment: identity },
    workload: (file) => ({ environment: { ...own, AZURE_FEDERATED_TOKEN_FILE: file } }),
    projected: federatedToken,
    creation: "on-push",
    prepare: () => undefined,
    makeImmutable: (repositories) => {
      for (const repository of repositories) state.locked.add(`${repository}:*`);
    },
    expire: () => clock.advance(4 * hour),
    stale: () => {
      // By its own claims over for everybody, not by the emulator's clock alone.
      clock.advance(-24 * hour);
      const password = state.refresh.issue(client, []);
      clock.advance(24 * hour);
      return { auths: { [state.host]: { username: "00000000-0000-0000-0000-000000000000", password } }, environment: identity };
    },
  };
}
