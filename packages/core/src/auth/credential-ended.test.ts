import { describe, expect, it } from "vitest";

import type { SeenRequest } from "../http/testing/start-stub-server.ts";
import type { Credential, PassedOver } from "./credential.ts";
import { alice, provide, world } from "./testing/start-token-world.ts";

const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
const yesterday = Date.UTC(2023, 11, 31) / 1000;
const stored = (claims: object): Credential => ({ kind: "basic", username: "someone", password: jwt(claims), source: "the stored login" });

/** A token service that refuses everybody but alice, from some request on. */
const refusing =
  (from = 1) =>
  ({ headers }: SeenRequest, turn: number) =>
    turn < from || headers["authorization"] === `Basic ${Buffer.from("alice:wonder:land").toString("base64")}`
      ? { body: { token: `token-${turn}`, expires_in: 300 } }
      : { status: 401, body: { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] } };

describe("a credential that a token service refuses", () => {
  it("has expired where it says so itself, and the next one takes its place", async () => {
    const passed: PassedOver[] = [];
    const client = { credentials: provide(stored({ exp: yesterday }), alice), onPassedOver: (each: PassedOver) => void passed.push(each) };
    const { pull } = await world({ reply: refusing(), client });
    expect((await pull("team/web", "pull,push")).status).toBe(200);
    expect(passed).toEqual([{ source: "the stored login", next: "test file", because: "expired" }]);
  });

  it.each([
    ["that ended", { exp: yesterday }, "credentials-expired"],
    ["that has not ended", { exp: yesterday + 400 * 24 * 3600 }, "unauthenticated"],
    ["without an end", { sub: "someone" }, "unauthenticated"],
  ])("and was the last one is named as what it is: one %s", async (_title, claims, code) => {
    const { pull } = await world({ reply: refusing(), client: { credentials: provide(stored(claims)) } });
    const failure: unknown = await pull("team/web", "pull,push").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringContaining("the stored login") });
    expect(String(failure)).not.toContain(jwt(claims));
  });

  it("may have ended in the middle of a run, together with the token that it gave: the next one takes its place", async () => {
    const { pull, tokens } = await world({
      reply: refusing(2),
      accepts: (token, clock) => token !== "token-1" || clock.now() < Date.UTC(2024, 0, 1) + 60_000,
      client: { credentials: provide(stored({ sub: "someone" }), alice) },
    }).then(({ clock, ...rest }) => ({
      ...rest,
      pull: (...args: Parameters<typeof rest.pull>) => rest.pull(...args).finally(() => clock.advance(61_000)),
    }));
    expect((await pull("team/web", "pull,push")).status).toBe(200);
    expect((await pull("team/web", "pull,push")).status).toBe(200);
    expect(tokens.requests.length).toBe(3);
  });
});
