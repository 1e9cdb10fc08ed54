import type { OpenConnectionOptions } from "@chartferry/core";

import { loadSettings, type TargetSettings } from "../settings/load-settings.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface ConfigFlags {
  readonly config?: string;
}

/** The targets that words of the command line stand for. @throws usage, file-missing, file-unreadable */
export async function namedTargets(words: readonly string[], { config }: ConfigFlags, { environment }: Terminal): Promise<string[]> {
  const { targetOf } = await loadSettings({ config, environment });
  return words.map((word) => targetOf(word));
}

/** What chartferry.yaml says of a target is added to what the options say, which goes first. @throws usage, file-missing, file-unreadable */
export async function withSettings<Options extends Omit<OpenConnectionOptions, "adapters">>(
  options: Options,
  { config, target }: { readonly config: string | undefined; readonly target: string },
): Promise<Options> {
  const { of } = await loadSettings({ config, environment: options.environment });
  return { ...options, ...merged(options, await of(target)) };
}

function merged(options: Partial<OpenConnectionOptions>, own: TargetSettings): Partial<OpenConnectionOptions> {
  const given: Partial<OpenConnectionOptions> = {
    adapter: options.adapter ?? own.adapter,
    createRepositories: options.createRepositories ?? own.createRepositories,
  };
  const tls = { ...defined(own.tls ?? {}), ...options.tls };
  const plainHttp = options.plainHttp ?? own.plainHttp;
  // A credential of the command line stands alone, as it does without the file.
  const registryConfig = options.registryConfig ?? (options.credential === undefined ? own.registryConfig : undefined);
  const credential = options.credential ?? (options.registryConfig === undefined ? own.credential : undefined);
  return {
    ...given,
    ...defined({ plainHttp, registryConfig, credential, adapterOptions: own.options }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

function defined<Values extends object>(values: Values): Defined<Values>;
function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
