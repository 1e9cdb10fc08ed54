import { isChartferryError } from "../errors.ts";
import type { Credential, CredentialProvider, CredentialRequest } from "./credential.ts";
import { dockerConfigPath, helmRegistryConfigPath } from "./credential-file-paths.ts";
import { askCredentialHelper, type Exec, ownHelper } from "./credential-helper.ts";
import { authFor, type DockerConfig, helpersFor, parseDockerConfig } from "./docker-config.ts";
import type { NamedFile } from "../named-file.ts";
import { readCredentialFile } from "./read-credential-file.ts";

export interface CredentialProviderOptions {
  /** What the user said on the command line or in the configuration; nothing else is asked then. */
  readonly explicit?: Credential | undefined;
  /** Instead of Helm's own file. */
  readonly registryConfig?: NamedFile | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: the user's home directory. */
  readonly home?: string | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  /** Runs credential helpers; for tests. */
  readonly exec?: Exec | undefined;
}

/**
 * The credential of a host: explicit, else Helm's file (or `registryConfig`), else DOCKER_AUTH_CONFIG, else Docker's file, else anonymous.
 * In each: `credHelpers` of the host, then `credsStore`, then `auths`. Sources already refused are passed over. Files are read once.
 * @throws credentials-unavailable where something is configured but broken: never anonymous instead; file-missing (`registryConfig`)
 */
export function createCredentialProvider(options: CredentialProviderOptions): CredentialProvider {
  if (options.explicit !== undefined) {
    const { explicit } = options;
    return () => Promise.resolve(explicit);
  }
  const configs = sourcesOf(options);
  const asked = new Map<string, Promise<Credential | undefined>>();
  return async (request) => {
    for (const load of configs) {
      const config = await load();
      const found = config && (await findIn(config, request, { options, asked }));
      if (found !== undefined) return found;
    }
    return { kind: "anonymous", source: "no credential configured" };
  };
}

type LoadConfig = () => Promise<DockerConfig | undefined>;

function sourcesOf(options: CredentialProviderOptions): readonly LoadConfig[] {
  const { environment, registryConfig } = options;
  const variable = environment["DOCKER_AUTH_CONFIG"]?.trim();
  return [
    once(() => (registryConfig === undefined ? readIfThere(helmRegistryConfigPath(options)) : readCredentialFile(registryConfig))),
    once(() => Promise.resolve(variable ? parseDockerConfig(variable, "DOCKER_AUTH_CONFIG") : undefined)),
    once(() => readIfThere(dockerConfigPath(options))),
  ];
}

function once(load: LoadConfig): LoadConfig {
  let loading: Promise<DockerConfig | undefined> | undefined;
  return () => (loading ??= load());
}

/** Nobody promised that the usual places hold a file. */
async function readIfThere(path: string): Promise<DockerConfig | undefined> {
  return readCredentialFile(path).catch((error: unknown) => {
    if (isChartferryError(error, "file-missing")) return undefined;
    throw error;
  });
}

interface HelperContext {
  readonly options: CredentialProviderOptions;
  /** Helpers cost a process: one answer per helper and key is kept, until it is refused. */
  readonly asked: Map<string, Promise<Credential | undefined>>;
}

async function findIn(config: DockerConfig, request: CredentialRequest, context: HelperContext): Promise<Credential | undefined> {
  const refused = request.refused ?? [];
  for (const name of helpersFor(config, request.key)) {
    if (name === ownHelper) continue;
    const found = await askOnce(name, config, { request, context });
    if (found !== undefined && !refused.includes(found.source)) return found;
    const renewed = found === undefined ? undefined : await askAgain(name, config, { request, context, before: found });
    if (renewed !== undefined) return renewed;
  }
  const auth = authFor(config, request.key, request.repository);
  return auth !== undefined && !refused.includes(auth.source) ? auth : undefined;
}

interface Asking {
  readonly request: CredentialRequest;
  readonly context: HelperContext;
}

function askOnce(name: string, config: DockerConfig, { request, context }: Asking): Promise<Credential | undefined> {
  const id = `${name} ${request.key}`;
  const known = context.asked.get(id);
  if (known !== undefined) return known;
  const { environment, exec } = context.options;
  const asking = askCredentialHelper({ name, key: request.key, file: config.source, environment, exec, signal: request.signal });
  asking.catch(() => context.asked.delete(id));
  context.asked.set(id, asking);
  return asking;
}

/** A helper whose token was refused may have a newer one; the same one again is no use. */
async function askAgain(
  name: string,
  config: DockerConfig,
  asking: Asking & { readonly before: Credential },
): Promise<Credential | undefined> {
  const { request, context, before } = asking;
  context.asked.delete(`${name} ${request.key}`);
  const found = await askOnce(name, config, { request, context });
  return found === undefined || JSON.stringify(found) === JSON.stringify(before) ? undefined : found;
}
