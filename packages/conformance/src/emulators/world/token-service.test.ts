import { emptyResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";
import { describe, expect, it } from "vitest";

import { bare } from "./answers.ts";
import { createDataPlane } from "./data-plane.ts";
import { emulatorClock } from "./emulator-clock.ts";
import { issuedTokens } from "./issued-tokens.ts";
import { tokenService } from "./token-service.ts";

const clock = emulatorClock();
const jwt = { issuer: "auth.example.com", audience: "registry.example.com" };
const tokens = issuedTokens({ clock, life: 300, jwt });
/** alice may read and write below `team`, everybody may read below `public`. */
const service = tokenService({
  realm: "https://auth.example.com/token",
  service: "registry.example.com",
  tokens,
  identify: ({ user, password }) => (user === "alice" && password === "open:sesame" ? user : undefined),
  grant: (account, { type, name, actions }) => {
    const rights = [
      ...(name.startsWith("public/") ? ["pull"] : []),
      ...(account === "alice" && name.startsWith("team/") ? ["pull", "push"] : []),
    ];
    return { type, name, actions: actions.filter((action) => rights.includes(action)) };
  },
});

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

async function ask(scopes: readonly string[], authorization?: string): Promise<RegistryResponse> {
  const query = new URLSearchParams();
  for (const scope of scopes) query.append("scope", scope);
  return service.handler({ ...bare("GET", "/token"), query, headers: { authorization } });
}

function read({ body }: RegistryResponse): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(body instanceof Uint8Array ? body : []).toString("utf8"));
  return { ...(typeof value === "object" ? value : {}) };
}

async function tokenFor(scopes: readonly string[], authorization?: string): Promise<string> {
  return String(read(await ask(scopes, authorization))["token"]);
}

/** Status and challenge of a registry that has this service before it. */
async function send(method: string, path: string, token?: string): Promise<[number, string]> {
  const plane = await createDataPlane({ authorise: (routed) => service.refuse(routed) ?? emptyResponse(299) });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request: RegistryRequest = { ...bare(method, path), headers };
  const { status, headers: answered } = await plane.handler(request);
  await plane.close();
  return [status, String(answered["www-authenticate"] ?? "")];
}

describe("the token service of the emulators", () => {
  it("gives what of a wish the account may have, and refuses it where it does not suffice", async () => {
    const all = await tokenFor(["repository:team/web:pull,push"], basic("alice", "open:sesame"));
    expect(await send("POST", "/v2/team/web/blobs/uploads/", all)).toEqual([299, ""]);
    expect(await send("POST", "/v2/team/db/blobs/uploads/", all)).toEqual([401, expect.stringContaining('error="insufficient_scope"')]);
    const little = await ask(["repository:public/web:pull,push"]);
    expect(little.status).toBe(200);
    const token = String(read(little)["token"]);
    expect(await send("GET", "/v2/public/web/tags/list", token)).toEqual([299, ""]);
    expect(await send("POST", "/v2/public/web/blobs/uploads/", token)).toEqual([
      401,
      'Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:public/web:pull,push",error="insufficient_scope"',
    ]);
  });

  it("starts closed: nobody, a stranger, a made-up token and an old one get nowhere", async () => {
    expect(await send("GET", "/v2/")).toEqual([401, 'Bearer realm="https://auth.example.com/token",service="registry.example.com"']);
    expect((await ask([], basic("alice", "guessed"))).status).toBe(401);
    expect((await ask([], "Bearer something")).status).toBe(401);
    expect(await send("GET", "/v2/", "made-up")).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    const token = await tokenFor([], basic("alice", "open:sesame"));
    expect(await send("GET", "/v2/", token)).toEqual([299, ""]);
    clock.advance(300_000);
    expect(await send("GET", "/v2/", token)).toEqual([401, expect.stringContaining('error="invalid_token"')]);
  });

  it("signs tokens that say until when they are good and for what", async () => {
    const token = await tokenFor(["repository:team/web:pull"], basic("alice", "open:sesame"));
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const now = Math.floor(clock.now() / 1000);
    expect(claims).toMatchObject({
      iss: jwt.issuer,
      aud: jwt.audience,
      sub: "alice",
      access: [{ type: "repository", name: "team/web", actions: ["pull"] }],
    });
    expect(Math.abs(Number(new Map(Object.entries(claims ?? {})).get("exp")) - now - 300)).toBeLessThanOrEqual(1);
  });

  it("wants both repositories of a mount in one token", async () => {
    const token = await tokenFor(["repository:team/web:pull,push"], basic("alice", "open:sesame"));
    const path = "/v2/team/web/blobs/uploads/";
    const plane = await createDataPlane({ authorise: (routed) => service.refuse(routed) ?? emptyResponse(299) });
    const query = new URLSearchParams({ mount: `sha256:${"0".repeat(64)}`, from: "team/db" });
    const request = { ...bare("POST", path), query, headers: { authorization: `Bearer ${token}` } };
    expect((await plane.handler(request)).status).toBe(401);
    await plane.close();
  });
});
