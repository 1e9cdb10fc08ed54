import { ChartferryError, isChartferryError } from "../errors.ts";
import { dockerConfigPath, helmRegistryConfigPath, type PathOptions } from "./credential-file-paths.ts";
import { eraseByHelper, type Exec, type HelperRequest, ownHelper, storeByHelper } from "./credential-helper.ts";
import { type DockerConfig, helpersFor, parseDockerConfig } from "./docker-config.ts";
import { editAuths, spellingsOf } from "./edit-credential-file.ts";
import { readCredentialText } from "./read-credential-file.ts";

export interface LoginFiles extends PathOptions {
  /** Instead of Docker's file; Helm's own is then left alone. */
  readonly registryConfig?: string | undefined;
  /** Runs credential helpers; for tests. */
  readonly exec?: Exec | undefined;
}

export interface Login {
  /** Key in credential files: the host (and port), or what the adapter says. */
  readonly key: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Keeps a login where Docker's tools, Helm and oras look for it: Docker's file, or the helper that it names. What Helm's own file holds for the host is
 * taken out, for Helm and we would find that first. Resolves with where it is kept, in words. @throws credentials-unavailable, file-unwritable
 */
export async function keepLogin({ key, username, password }: Login, files: LoginFiles): Promise<string> {
  if (files.registryConfig === undefined) await forgetIn(helmRegistryConfigPath(files), key, files);
  const path = files.registryConfig ?? dockerConfigPath(files);
  const { text, config } = await readOrEmpty(path);
  const [helper] = helpersFor(config, key);
  if (helper === undefined) {
    await editAuths(path, text, { key, entry: { auth: Buffer.from(`${username}:${password}`).toString("base64") } });
    return path;
  }
  if (helper === ownHelper) throw keepsNothing(key, path);
  await storeByHelper(helperRequest(helper, { key, path, files }), { username, password });
  await editAuths(path, text, { key, entry: {} });
  return `docker-credential-${helper} (named by ${path})`;
}

/** Takes a login out of every file that would be read, and out of the helpers that they name. Resolves with where there was one, in words. */
export async function forgetLogin(key: string, files: LoginFiles): Promise<readonly string[]> {
  const { registryConfig } = files;
  const paths = registryConfig === undefined ? [helmRegistryConfigPath(files), dockerConfigPath(files)] : [registryConfig];
  const places: string[] = [];
  for (const path of new Set(paths)) places.push(...(await forgetIn(path, key, files)));
  return places;
}

async function forgetIn(path: string, key: string, files: LoginFiles): Promise<string[]> {
  const { text, config } = await readOrEmpty(path);
  const places: string[] = [];
  for (const helper of helpersFor(config, key).filter((name) => name !== ownHelper)) {
    await eraseByHelper(helperRequest(helper, { key, path, files }));
    places.push(`docker-credential-${helper} (named by ${path})`);
  }
  if (spellingsOf(config, key).length === 0) return places;
  await editAuths(path, text, { key });
  return [...places, path];
}

function keepsNothing(key: string, path: string): ChartferryError {
  return new ChartferryError(
    `${path} has docker-credential-${ownHelper} serve ${key}: it passes on the cloud's own credentials and keeps no login`,
    {
      code: "usage",
      operation: "write credentials",
      registry: key,
      hint: `sign in at the cloud instead, or take the helper out of ${path}`,
    },
  );
}

function helperRequest(
  name: string,
  { key, path, files: { environment, exec } }: { readonly key: string; readonly path: string; readonly files: LoginFiles },
): HelperRequest {
  return { name, key, file: path, environment, exec };
}

/** Nobody promised that there is a file. */
async function readOrEmpty(path: string): Promise<{ readonly text: string; readonly config: DockerConfig }> {
  const text = await readCredentialText(path).catch((error: unknown) => {
    if (isChartferryError(error, "file-missing")) return "";
    throw error;
  });
  return { text, config: parseDockerConfig(text, path) };
}
