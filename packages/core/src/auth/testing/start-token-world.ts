import { onTestFinished } from "vitest";

import { createHttpClient, type HttpClientOptions } from "../../http/create-http-client.ts";
import type { HttpAnswer, HttpClient } from "../../http/http-client.ts";
import { type ManualClock, manualClock } from "../../http/testing/manual-clock.ts";
import { type SeenRequest, startStubServer, type StubServer } from "../../http/testing/start-stub-server.ts";
import type { Credential, CredentialProvider, CredentialRequest } from "../credential.ts";

export const alice: Credential = { kind: "basic", username: "alice", password: "wonder:land", source: "test file" };
const anonymous: Credential = { kind: "anonymous", source: "none" };
export const provide =
  (...credentials: readonly Credential[]): CredentialProvider =>
  ({ refused = [] }: CredentialRequest) =>
    Promise.resolve(credentials.find(({ source }) => !refused.includes(source)) ?? anonymous);

export interface World {
  readonly registry: StubServer;
  readonly tokens: StubServer;
  readonly http: HttpClient;
  readonly clock: ManualClock;
  readonly close: () => Promise<void>;
  readonly pull: (repository?: string, actions?: string) => Promise<HttpAnswer>;
}

export interface WorldOptions {
  /** Answers the token service; default: a new token each time. */
  readonly reply?: (request: SeenRequest, turn: number) => { status?: number; body: unknown };
  /** Whether a token opens the door; default: any. */
  readonly accepts?: (token: string, clock: ManualClock) => boolean;
  readonly challenge?: (tokens: URL, request: SeenRequest) => string;
  readonly client?: Partial<HttpClientOptions>;
}

/** A registry and its token service on two ports. */
async function startTokenWorld(options: WorldOptions = {}): Promise<World> {
  const clock = manualClock();
  let turn = 0;
  const tokens = await startStubServer((request, response) => {
    turn += 1;
    const { status = 200, body } = options.reply?.(request, turn) ?? { body: { token: `token-${turn}`, expires_in: 300 } };
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const registry = await startStubServer((request, response) => {
    const token = String(request.headers["authorization"] ?? "").replace(/^Bearer /, "");
    if (token !== "" && (options.accepts?.(token, clock) ?? true)) {
      response.end("ok");
      return;
    }
    const challenge = options.challenge?.(tokens.origin, request) ?? `Bearer realm="${tokens.origin.href}token",service="registry"`;
    response.writeHead(401, { "www-authenticate": challenge }).end('{"errors":[{"code":"UNAUTHORIZED","message":"sign in"}]}');
  });
  const http = createHttpClient({ origin: registry.origin, clock, random: () => 0, credentials: provide(alice), ...options.client });
  const pull = async (repository = "team/web", actions = "pull"): Promise<HttpAnswer> => {
    const answer = await http.send({
      method: "GET",
      url: new URL(`/v2/${repository}/x`, registry.origin),
      operation: "fetch manifest",
      repository,
      scopes: [`repository:${repository}:${actions}`],
    });
    await answer.dump();
    return answer;
  };
  const close = async (): Promise<void> => {
    await http.close();
    await Promise.all([registry.close(), tokens.close()]);
  };
  return { registry, tokens, http, clock, pull, close };
}

/** The same for one test: it is closed when the test is over. */
export async function world(options: WorldOptions = {}): Promise<World> {
  const started = await startTokenWorld(options);
  onTestFinished(started.close);
  return started;
}
