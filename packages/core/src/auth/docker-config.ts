import { ChartferryError } from "../errors.ts";
import type { Credential } from "./credential.ts";
import { compareKeys, matchKey } from "./credential-key.ts";

/** Docker's and Helm's credential file, as far as we read it. */
export interface DockerConfig {
  /** For messages: the file's path, or the variable's name. */
  readonly source: string;
  readonly auths: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore: string | undefined;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The name becomes part of a program's file name. */
const helperName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Reads the text of a credential file; an empty one is fine. @throws credentials-unavailable, naming the source, never its content */
export function parseDockerConfig(text: string, source: string): DockerConfig {
  const body = text.replace(/^\ufeff/, "").trim() === "" ? {} : readAsObject(text, source);
  const auths = new Map<string, JsonObject>();
  for (const [key, entry] of Object.entries(objectField(body, "auths", source)))
    auths.set(key, asObject(entry, `auths entry of ${source}`));
  const credHelpers = new Map<string, string>();
  for (const [key, name] of Object.entries(objectField(body, "credHelpers", source))) credHelpers.set(key, asHelperName(name, source));
  const store = ownField(body, "credsStore");
  return {
    source,
    auths,
    credHelpers,
    credsStore: store === undefined || store === null || store === "" ? undefined : asHelperName(store, source),
  };
}

/** The helper that serves a key: of `credHelpers`, else `credsStore`. */
export function helpersFor(config: DockerConfig, key: string): readonly string[] {
  const [own] = bestFirst(config.credHelpers, key, undefined);
  return [...new Set([own?.entry, config.credsStore].filter((name) => name !== undefined))];
}

/** The entry of `auths` for a key: exact spelling first, then the longest path that holds the repository. */
export function authFor(config: DockerConfig, key: string, repository: string | undefined): Credential | undefined {
  for (const { entry, name } of bestFirst(config.auths, key, repository)) {
    const credential = readAuth(entry, `${config.source} (${name})`);
    if (credential !== undefined) return credential;
  }
  return undefined;
}

function bestFirst<T>(entries: ReadonlyMap<string, T>, key: string, repository: string | undefined): { name: string; entry: T }[] {
  const matches = [...entries].flatMap(([name, entry]) => {
    const match = matchKey(name, key, repository);
    return match === undefined ? [] : [{ name, entry, match }];
  });
  return matches.toSorted((a, b) => compareKeys(a, b));
}

/** `registrytoken` is ready, `identitytoken` is to be exchanged, `auth` wins over `username` and `password`. */
function readAuth(entry: JsonObject, source: string): Credential | undefined {
  const registryToken = textField(entry, "registrytoken", source);
  if (registryToken !== "") return { kind: "bearer", token: registryToken, source };
  const identityToken = textField(entry, "identitytoken", source);
  if (identityToken !== "") return { kind: "refresh", refreshToken: identityToken, source };
  const { username, password } = readPair(entry, source);
  if (username === "" && password === "") return undefined;
  return userCredential(username, password, source);
}

/** User `<token>` is how Docker marks a refresh token. */
export function userCredential(username: string, password: string, source: string): Credential {
  if (username === "<token>") return { kind: "refresh", refreshToken: password, source };
  return { kind: "basic", username, password, source };
}

function readPair(entry: JsonObject, source: string): { username: string; password: string } {
  const auth = textField(entry, "auth", source);
  if (auth === "") return { username: textField(entry, "username", source), password: textField(entry, "password", source) };
  const decoded = /^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(auth) ? Buffer.from(auth, "base64").toString("utf8") : "";
  const colon = decoded.indexOf(":");
  if (colon < 0) throw malformed(source, "its `auth` is not base64 of user:password");
  return { username: decoded.slice(0, colon), password: withoutPadding(decoded.slice(colon + 1)) };
}

/** Docker pads with NUL bytes. */
function withoutPadding(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** The text of a credential file as it stands, for who changes a part of it. @throws credentials-unavailable */
export function readAsObject(text: string, source: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    // The parser's message quotes the text, and so perhaps a password.
    throw malformed(source, "it is not valid JSON");
  }
  return asObject(body, source);
}

function objectField(body: JsonObject, name: string, source: string): JsonObject {
  const value = ownField(body, name);
  return value === undefined || value === null ? {} : asObject(value, `${name} of ${source}`);
}

function ownField(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

function textField(body: JsonObject, name: string, source: string): string {
  const value = ownField(body, name);
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(source, `its \`${name}\` is not a text`);
  return value;
}

function asObject(value: unknown, source: string): JsonObject {
  if (!isObject(value)) throw malformed(source, "it is not a JSON object");
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asHelperName(value: unknown, source: string): string {
  if (typeof value !== "string" || !helperName.test(value)) throw malformed(source, "it names a credential helper that is no program name");
  return value;
}

function malformed(source: string, problem: string): ChartferryError {
  return new ChartferryError(`credentials cannot be read from ${source}: ${problem}`, {
    code: "credentials-unavailable",
    operation: "read credentials",
    hint: "repair or remove it, or name another file with --registry-config",
  });
}
