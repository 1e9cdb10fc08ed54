import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach } from "vitest";

import { createCredentialProvider, type CredentialProviderOptions } from "../credential-files.ts";
import type { Credential, CredentialRequest } from "../credential.ts";

/** Where Helm's and Docker's files lie below the home of a Linux user. */
export const helmFile = ".config/helm/registry/config.json";
export const dockerFile = ".docker/config.json";

export const authOf = (user: string, password: string): { auth: string } => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});

export interface CredentialHome {
  /** The folder itself; another one for each test. */
  readonly path: (name: string) => string;
  /** Writes a file, as JSON unless it is a text. */
  readonly write: (file: string, content: unknown) => string;
  /** What a new provider finds for `reg.example:5000`, or another request. */
  readonly find: (request?: Partial<CredentialRequest>, options?: Partial<CredentialProviderOptions>) => Promise<Credential>;
  /** Its user, or its kind where it has none. */
  readonly user: (...args: Parameters<CredentialHome["find"]>) => Promise<string>;
}

/** A user's home for each test of a file, with nothing in it. */
export function useCredentialHome(): CredentialHome {
  let home = "";
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "chartferry-home-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const find: CredentialHome["find"] = (request = {}, options = {}) =>
    createCredentialProvider({ environment: {}, home, platform: "linux", ...options })({ key: "reg.example:5000", ...request });
  return {
    path: (name) => join(home, name),
    write: (file, content) => {
      const path = join(home, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      return path;
    },
    find,
    user: async (...args) => {
      const credential = await find(...args);
      return credential.kind === "basic" ? credential.username : credential.kind;
    },
  };
}
