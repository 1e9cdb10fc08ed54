import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";

import { listenOnLoopback } from "./listen-on-loopback.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { basicAuthorization } from "../support/test-user.ts";

export interface TokenRequest {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly authorization: string | undefined;
}

export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Public key file for the registry. */
  readonly jwksFile: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly TokenRequest[];
  readonly stop: () => Promise<void>;
}

export interface TokenServerOptions {
  /** Actions for the test user, or for nobody when `signedIn` is false. Default: everything signed in, pull otherwise. */
  readonly grant?: (scope: Scope, signedIn: boolean) => readonly string[];
  /** Default: 300. Registries allow 60 s more than this, so expiry cannot be tested with a short life here. */
  readonly lifetimeSeconds?: number;
  /** What a request without Authorization gets instead of a token: a status, a page to sign in (200), or the way to one (302). Default: a token to pull. */
  readonly toNobody?: 400 | 401 | 403 | 404 | "page" | "redirect";
}

export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const SERVICE = "chartferry-test";
const ISSUER = "chartferry-test-issuer";

/** A token endpoint as Distribution's own (GET only, ES256): POST is answered with 405, a wrong password with 401. */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const directory = makeTempDir("token-server");
  const keyId = randomUUID();
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwksFile = join(directory, "jwks.json");
  writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: keyId, use: "sig", alg: "ES256" }] }));

  const requests: TokenRequest[] = [];
  const server = createServer((request, response) => {
    const asked = { method: request.method ?? "", scopes: scopesOf(request), authorization: request.headers.authorization };
    requests.push(asked);
    if (asked.authorization === undefined && options.toNobody !== undefined) {
      refuseNobody(response, options.toNobody);
      return;
    }
    const token = answer(asked, { keyId, privateKey, ...options });
    const status = asked.method === "GET" ? 200 : 405;
    response.writeHead(token === undefined ? 401 : status, { "content-type": "application/json" });
    const granted = { token, expires_in: options.lifetimeSeconds ?? 300 };
    response.end(JSON.stringify(token === undefined || status === 405 ? { errors: [{ code: "UNAUTHORIZED" }] } : granted));
  });
  const { url, stop } = await listenOnLoopback(server);
  return {
    realm: `${url}/token`,
    service: SERVICE,
    issuer: ISSUER,
    jwksFile,
    requests,
    async stop() {
      await stop();
      removeTempDir(directory);
    },
  };
}

function refuseNobody(response: ServerResponse, how: NonNullable<TokenServerOptions["toNobody"]>): void {
  if (how === "redirect") response.writeHead(302, { location: "https://127.0.0.1:1/login" }).end();
  else if (how === "page") response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>");
  else response.writeHead(how, { "content-type": "application/json" }).end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED" }] }));
}

type Signing = TokenServerOptions & { readonly keyId: string; readonly privateKey: KeyObject };

function answer({ scopes, authorization }: TokenRequest, signing: Signing): string | undefined {
  const signedIn = authorization === basicAuthorization();
  if (authorization !== undefined && !signedIn) return undefined;
  const grant =
    signing.grant ??
    ((scope: Scope): readonly string[] => (signedIn ? scope.actions : scope.actions.filter((action) => action === "pull")));
  const access = scopes.map(parseScope).map((scope) => ({ ...scope, actions: grant(scope, signedIn) }));
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: signedIn ? "harbourmaster" : "",
    aud: SERVICE,
    exp: now + (signing.lifetimeSeconds ?? 300),
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access: access.filter(({ actions }) => actions.length > 0),
  };
  return signToken(claims, signing);
}

function signToken(claims: object, { keyId, privateKey }: Signing): string {
  const text = `${tokenPart({ alg: "ES256", typ: "JWT", kid: keyId })}.${tokenPart(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function tokenPart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Several `scope` parameters and several scopes in one are both in use. */
function scopesOf(request: IncomingMessage): string[] {
  const { searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  return searchParams
    .getAll("scope")
    .flatMap((value) => value.split(" "))
    .filter((scope) => scope !== "");
}

/** `repository:path/name:pull,push` */
function parseScope(scope: string): Scope {
  const first = scope.indexOf(":");
  const last = scope.lastIndexOf(":");
  return { type: scope.slice(0, first), name: scope.slice(first + 1, last), actions: scope.slice(last + 1).split(",") };
}
