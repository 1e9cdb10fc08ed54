import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The one account of every test server that asks for a password. */
export const testUser = { username: "harbourmaster", password: "ferry-password" } as const;

/** bcrypt of `ferry-password` at the lowest cost that registries accept (they check it on every request). */
const HASH = "$2b$05$harbourharbourharbour.Ba2s6VSe3QhzAx/q1M7XQ4d9/VtCb.q";

/** Writes an htpasswd file with the test user (and others, who share the password) and returns its path. */
export function writeHtpasswd(directory: string, otherUsers: readonly string[] = []): string {
  const path = join(directory, "htpasswd");
  writeFileSync(path, [testUser.username, ...otherUsers].map((name) => `${name}:${HASH}\n`).join(""));
  return path;
}

/** The value of an Authorization header for Basic sign-in. */
export function basicAuthorization({ username, password }: { username: string; password: string } = testUser): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
