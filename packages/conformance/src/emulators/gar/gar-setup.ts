import type { Identity, Setup } from "../setup.ts";
import { startLocalService } from "../world/local-service.ts";
import { emulateGar, type GarEmulator } from "./gar-emulator.ts";
import type { GarOptions } from "./gar-state.ts";
import { gcloudClient, machineAccount, metadataServer, subjectToken, workloadPool } from "./google-identity.ts";

const hour = 3_600_000;

/** Tests may run on a machine of Google's. */
const noMachine = { METADATA_SERVER_DETECTION: "none" };

export interface GarSetup extends Setup {
  readonly emulator: GarEmulator;
  /** A service account's key, as it is downloaded. */
  readonly key: (account?: string) => string;
  /** Configuration of workload identity federation; `tokenFile` holds what the other provider gave. */
  readonly external: (tokenFile: string) => string;
  readonly subjectToken: string;
  /** A machine of Google's. */
  readonly machine: Identity;
}

/** One project in one location, an account that administers it, one that reads, and one without any right. */
export async function garSetup(options: Partial<GarOptions> = {}): Promise<GarSetup> {
  const project = "my-project";
  const garEmulator = await emulateGar({
    host: "europe-west1-docker.pkg.dev",
    location: "europe-west1",
    project,
    principals: new Map([
      [machineAccount, { role: "admin" }],
      ["reader@my-project.iam.gserviceaccount.com", { role: "reader" }],
    ]),
    ...options,
  });
  const { state, clock } = garEmulator;
  const metadata = await startLocalService(metadataServer(state));
  const machine = {
    environment: { GCE_METADATA_HOST: metadata.origin.slice("http://".length), METADATA_SERVER_DETECTION: "assume-present" },
  };
  const close = async (): Promise<void> => {
    await metadata.close();
    await garEmulator.close();
  };
  const key = (client_email = machineAccount): string =>
    JSON.stringify({ type: "service_account", project_id: project, private_key_id: "1", private_key: state.keys.privateKey, client_email });
  const standing = (repositories: readonly string[], immutableTags: boolean): void => {
    for (const repository of repositories) {
      const [owner = "", name = ""] = repository.split("/");
      state.repositories.set(`${owner}/${state.isGcr ? state.host : name}`, { immutableTags, wish: {} });
    }
  };
  const login = (password: string) => ({ [state.host]: { username: "oauth2accesstoken", password } });
  return {
    emulator: { ...garEmulator, close },
    registry: state.host,
    target: `oci://${state.host}/${project}${state.isGcr ? "" : "/charts"}`,
    user: machine,
    stranger: { auths: login("ya29.of-a-stranger"), environment: noMachine },
    machine,
    key,
    external: (tokenFile) =>
      JSON.stringify({
        type: "external_account",
        audience: workloadPool,
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: "https://sts.googleapis.com/v1/token",
        credential_source: { file: tokenFile },
      }),
    subjectToken,
    creation: "if-missing",
    prepare: (repositories) => standing(repositories, false),
    makeImmutable: (repositories) => standing(repositories, true),
    expire: () => clock.advance(2 * hour),
    stale: () => {
      const password = state.access.issue(machineAccount, []);
      clock.advance(2 * hour);
      const gcloud = { type: "authorized_user", ...gcloudClient, refresh_token: state.refreshToken };
      return {
        auths: login(password),
        environment: noMachine,
        files: { ".config/gcloud/application_default_credentials.json": JSON.stringify(gcloud) },
      };
    },
  };
}
