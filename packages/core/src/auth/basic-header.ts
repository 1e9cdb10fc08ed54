import type { Credential } from "./credential.ts";

/**
 * The Basic header of a credential; `undefined` = it has none. A refresh token where only Basic is possible goes as the password of user `<token>`,
 * the spelling of Docker's credential helpers.
 */
export function basicHeader(credential: Credential): string | undefined {
  if (credential.kind === "basic") return encode(credential.username, credential.password);
  if (credential.kind === "refresh") return encode("<token>", credential.refreshToken);
  return undefined;
}

function encode(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
