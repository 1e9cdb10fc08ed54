import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { jsonResponse, type RegistryHooks, type RunningRegistry, startRegistry } from "@chartferry/registry";

import { listenOnLoopback } from "../servers/listen-on-loopback.ts";
import { basicAuthorization } from "../support/test-user.ts";

/** An embedded registry that wants a token of its token service, which gives strangers none; both without the proxies before them. */
export interface TokenRegistry {
  readonly registry: RunningRegistry;
  /** `http://127.0.0.1:PORT` */
  readonly tokenService: string;
  /** A token that is always good, for whoever looks at the registry from outside. */
  readonly pass: string;
  /** Of the Bearer kind, with the realm that clients are sent to. */
  readonly challenge: () => string;
  readonly stop: () => Promise<void>;
}

/** `realm`: where the token service is found, known only once its proxy listens. */
export async function startTokenRegistry(directory: string, realm: () => string): Promise<TokenRegistry> {
  const pass = randomUUID();
  const good = new Set<string>([pass]);
  const service = await listenOnLoopback(
    createServer((request, response) => {
      const isKnown = request.headers.authorization === basicAuthorization();
      const token = randomUUID();
      if (isKnown) good.add(token);
      const reply = isKnown ? { token, expires_in: 300 } : { errors: [{ code: "UNAUTHORIZED" }] };
      response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" }).end(JSON.stringify(reply));
    }),
  );
  const challenge = (): string => `Bearer realm="${realm()}",service="faults"`;
  const authorise: RegistryHooks["authorise"] = ({ request }) => {
    const token = request.headers["authorization"]?.replace(/^Bearer /u, "") ?? "";
    if (good.has(token)) return undefined;
    const body = { errors: [{ code: "UNAUTHORIZED", message: "sign in" }] };
    return jsonResponse(401, body, { "www-authenticate": challenge() });
  };
  const registry = await startRegistry({ directory, durability: "none", hooks: { authorise }, limits: { graceMs: 100 } });
  return {
    registry,
    tokenService: service.url,
    pass,
    challenge,
    async stop() {
      await registry.close();
      await service.stop();
    },
  };
}
