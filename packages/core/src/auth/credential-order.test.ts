import { describe, expect, it } from "vitest";

import type { CredentialSources } from "../adapter/registry-adapter.ts";
import { orderedCredentials } from "./credential-order.ts";
import type { Credential } from "./credential.ts";

const key = "registry.example";
const from = (name: string): Credential => ({ kind: "basic", username: "me", password: name, source: name });
const stored = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [key]: { auth: Buffer.from("me:stored").toString("base64") } } }) };
const nobody = { HOME: "/nonexistent" };

/** Passes over itself once it was refused, as every source does. */
function source(name: string): NonNullable<CredentialSources["chain"]> {
  return ({ refused = [] }) => Promise.resolve(refused.includes(name) ? undefined : from(name));
}

async function order(environment: Record<string, string>, own: CredentialSources, explicit?: Credential): Promise<string[]> {
  const provider = orderedCredentials({ environment: { ...nobody, ...environment }, home: "/nonexistent", explicit }, () => own);
  const found: string[] = [];
  while (found.length < 5) {
    const credential = await provider({ key, refused: found });
    found.push(credential.source);
    if (credential.kind === "anonymous" || credential === explicit) break;
  }
  return found;
}

describe("the order of credentials", () => {
  it("is the registry's variables, the files, the vendor's chain, nobody; each is passed over once it was refused", async () => {
    const own = { environment: source("variables"), chain: source("chain") };
    expect(await order(stored, own)).toEqual(["variables", "DOCKER_AUTH_CONFIG (registry.example)", "chain", "no credential configured"]);
    expect(await order({}, own)).toEqual(["variables", "chain", "no credential configured"]);
    expect(await order(stored, {})).toEqual(["DOCKER_AUTH_CONFIG (registry.example)", "no credential configured"]);
  });

  it("begins and ends with what the user said", async () => {
    expect(await order(stored, { environment: source("variables") }, from("--username"))).toEqual(["--username"]);
  });

  it("does not go on to files, nor to nobody, where a source is broken", async () => {
    const broken = { environment: () => Promise.reject(new Error("the profile is broken")) };
    await expect(order(stored, broken)).rejects.toThrow("the profile is broken");
    await expect(order({}, { chain: () => Promise.reject(new Error("the role is gone")) })).rejects.toThrow("the role is gone");
  });
});
