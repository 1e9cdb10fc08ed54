import type { Identity, Setup } from "../setup.ts";
import { startLocalService } from "../world/local-service.ts";
import { emulateGar, type GarEmulator } from "./gar-emulator.ts";
import { type GarOptions, type GarState, repositoryOf } from "./gar-state.ts";
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
  const login = (password: string) => ({ [state.host]: { username: "oauth2accesstoken", password } });
  return {
    emulator: { ...garEmulator, close },
    registry: state.host,
    target: `oci://${state.host}/${project}${state.isGcr ? "" : "/charts"}`,
    user: machine,
    stranger: { auths: login("ya29.of-a-stranger"), environment: noMachine },
    machine,
    key: (account) => keyOf(account ?? machineAccount, state),
    external,
    subjectToken,
    creation: "if-missing",
    prepare: (repositories) => stand(repositories, false, state),
    makeImmutable: (repositories) => stand(repositories, true, state),
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

function keyOf(client_email: string, { project, keys }: GarState): string {
  return JSON.stringify({ type: "service_account", project_id: project, private_key_id: "1", private_key: keys.privateKey, client_email });
}

function external(tokenFile: string): string {
  return JSON.stringify({
    type: "external_account",
    audience: workloadPool,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: "https://sts.googleapis.com/v1/token",
    credential_source: { file: tokenFile },
  });
}

function stand(images: readonly string[], immutableTags: boolean, state: GarState): void {
  for (const image of images) state.repositories.set(repositoryOf(image, state), { immutableTags, wish: {} });
}
