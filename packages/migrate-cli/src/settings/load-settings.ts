import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { ChartferryError, type Credential, errnoOf, formatTarget, isChartferryError, parseTarget, printable } from "@chartferry/core";

import type { RegistrySettings, SettingsFile } from "./settings-file.ts";

/** What chartferry.yaml says; nothing where there is none. */
export interface Settings {
  /** The target that a word of the command line stands for: a name of the file, or the word itself. */
  readonly targetOf: (word: string) => string;
  /** Of a target as reports write it (`formatTarget`), what is said of its registry included. @throws usage, file-unreadable (its password) */
  readonly of: (target: string) => Promise<TargetSettings>;
}

export type TargetSettings = Omit<RegistrySettings, "username" | "password"> & { readonly credential?: Credential };

export interface SettingsPlace {
  /** `--config`; default: chartferry.yaml of the working directory, if there is one. */
  readonly config?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const usualName = "chartferry.yaml";
/** Bytes. */
const passwordLimit = 64 * 1024;

/** @throws usage (the file cannot be used), file-missing, file-unreadable */
export async function loadSettings({ config, environment }: SettingsPlace): Promise<Settings> {
  const path = config ?? usualName;
  const text = await readSettings(path, config !== undefined);
  const file = text === undefined ? {} : await parseSettings(text, path);
  const named = new Map(
    Object.entries(file.targets ?? {}).map(([name, { to, ...own }]) => [name, { to: written(to, { path, name }), own }]),
  );
  return {
    targetOf: (word) => named.get(word)?.to ?? word,
    of: async (target) => {
      const own = [...named.values()].find(({ to }) => to === target)?.own;
      const { username, password, ...rest } = { ...ofRegistry(file, target), ...own };
      const place = { path, target, environment };
      const credential =
        password === undefined && username === undefined ? {} : { credential: await credentialOf({ username, password }, place) };
      return { ...withPaths(rest, dirname(path)), ...credential };
    },
  };
}

async function readSettings(path: string, isNamed: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const isMissing = errnoOf(cause) === "ENOENT";
    if (isMissing && !isNamed) return undefined;
    throw new ChartferryError(
      `the configuration ${printable(path)} ${isMissing ? "is not there" : `cannot be read (${errnoOf(cause) ?? "unknown reason"})`}`,
      {
        code: isMissing ? "file-missing" : "file-unreadable",
        operation: "read configuration",
        cause,
      },
    );
  }
}

/** Both libraries are loaded only where there is a file. */
async function parseSettings(text: string, path: string): Promise<SettingsFile> {
  const [{ load }, { settingsFile }] = await Promise.all([import("js-yaml"), import("./settings-file.ts")]);
  const parsed = settingsFile.safeParse(loadYaml(load, { text, path }) ?? {});
  if (parsed.success) return parsed.data;
  const { path: where = [], message = "it has another form" } = parsed.error.issues[0] ?? {};
  throw unusable(path, [where.join("."), message].filter((part) => part !== "").join(": "));
}

function loadYaml(load: (text: string) => unknown, { text, path }: { readonly text: string; readonly path: string }): unknown {
  try {
    return load(text);
  } catch (cause) {
    throw unusable(path, cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "it is not YAML");
  }
}

function written(to: string, { path, name }: { readonly path: string; readonly name: string }): string {
  try {
    return formatTarget(parseTarget(to));
  } catch (error) {
    if (!isChartferryError(error)) throw error;
    throw unusable(path, `targets.${name}.to: ${error.message}`);
  }
}

function ofRegistry({ registries = {} }: SettingsFile, target: string): RegistrySettings {
  const host = /^oci:\/\/([^/]+)/i.exec(target)?.[1]?.toLowerCase();
  return Object.entries(registries).find(([name]) => name.toLowerCase() === host)?.[1] ?? {};
}

interface Asking {
  readonly path: string;
  readonly target: string;
  readonly environment: SettingsPlace["environment"];
}

async function credentialOf(
  { username, password }: Pick<RegistrySettings, "username" | "password">,
  { path, target, environment }: Asking,
): Promise<Credential> {
  if (username === undefined || password === undefined)
    throw unusable(path, `${target} has a username without a password, or a password without a username`);
  const place = "file" in password ? resolve(dirname(path), password.file) : `the variable ${password.environment}`;
  const secret = "file" in password ? await readSecret(place) : environment[password.environment];
  if (secret === undefined || secret === "") throw unusable(path, `${place}, which holds the password for ${target}, is not set or empty`);
  return { kind: "basic", username, password: secret, source: `${place} (named by ${path})` };
}

async function readSecret(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ChartferryError(`cannot read the password file ${path} (${errnoOf(cause) ?? "unknown reason"})`, {
      code: "file-unreadable",
      operation: "read password",
      cause,
    });
  });
  return text.slice(0, passwordLimit).replace(/\r?\n$/, "");
}

function withPaths({ tls, registryConfig, ...rest }: RegistrySettings, folder: string): RegistrySettings {
  const { caFile, certFile, keyFile, ...others } = tls ?? {};
  const files = Object.entries({ caFile, certFile, keyFile }).flatMap(([name, file]) =>
    file === undefined ? [] : [[name, resolve(folder, file)] as const],
  );
  return {
    ...rest,
    ...(registryConfig === undefined ? {} : { registryConfig: resolve(folder, registryConfig) }),
    ...(tls === undefined ? {} : { tls: { ...others, ...Object.fromEntries(files) } }),
  };
}

function unusable(path: string, problem: string): ChartferryError {
  return new ChartferryError(`the configuration ${printable(path)} cannot be used: ${printable(problem, 300)}`, {
    code: "usage",
    operation: "read configuration",
    hint: "docs/configuration.md shows what it may say",
  });
}
