import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";

import { ChartferryError } from "@chartferry/core";

import type { RegistryHooks } from "./registry-hooks.ts";
import { errorResponse } from "./registry-errors.ts";

export interface BasicAuthOptions {
  /** Passwords by user. */
  readonly users: ReadonlyMap<string, string>;
  /** Whether pulling needs no sign-in. Default false. */
  readonly anonymousPull?: boolean;
  /** Default `chartferry`. */
  readonly realm?: string;
}

/** Lines `user:password`; empty lines and lines that begin with `#` are passed over. @throws file-unreadable, usage */
export async function readUsersFile(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ChartferryError(`cannot read the users file ${path}`, { code: "file-unreadable", operation: "read users", cause });
  });
  const users = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const password = line.slice(colon + 1);
    if (colon < 1 || password === "") throw unusable(path, index, "it is not USER:PASSWORD");
    if (/^(\$2[aby]\$|\$apr1\$|\{SHA\})/.test(password)) throw unusable(path, index, "hashed passwords are not supported");
    users.set(line.slice(0, colon), password);
  }
  return users;
}

function unusable(path: string, index: number, why: string): ChartferryError {
  return new ChartferryError(`line ${index + 1} of the users file ${path} cannot be used: ${why}`, {
    code: "usage",
    operation: "read users",
    hint: "write one USER:PASSWORD a line, and keep the file readable for yourself alone",
  });
}

/** A hook that lets in whoever knows a user's password; comparison takes the same time for every wrong one. */
export function basicAuth({
  users,
  anonymousPull = false,
  realm = "chartferry",
}: BasicAuthOptions): NonNullable<RegistryHooks["authorise"]> {
  const expected = new Map([...users].map(([user, password]) => [user, hashed(password)]));
  const nobody = hashed("");
  return ({ request, access }) => {
    const given = parseBasic(request.headers["authorization"]);
    if (given !== undefined) {
      const isRight = timingSafeEqual(hashed(given.password), expected.get(given.user) ?? nobody);
      if (isRight && expected.has(given.user)) return undefined;
    }
    const isPull = access.length > 0 && access.every(({ actions }) => actions.every((action) => action === "pull"));
    if (given === undefined && anonymousPull && isPull) return undefined;
    return errorResponse({
      status: 401,
      code: "UNAUTHORIZED",
      message: given === undefined ? "sign in first" : "wrong user or password",
      headers: { "www-authenticate": `Basic realm="${realm}"` },
    });
  };
}

function hashed(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}

function parseBasic(header: string | undefined): { user: string; password: string } | undefined {
  const match = /^basic +([a-z0-9+/=_-]+)$/i.exec(header ?? "");
  if (match === null) return undefined;
  const text = Buffer.from(match[1] ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? { user: text, password: "" } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
