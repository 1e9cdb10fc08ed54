import {
  type Access,
  jsonResponse,
  type RegistryHandler,
  type RegistryRequest,
  type RegistryResponse,
  type RoutedRequest,
} from "@chartferry/registry";

import { failure } from "./answers.ts";
import { type BasicPair, basicPair } from "./basic-pair.ts";
import type { IssuedToken, IssuedTokens } from "./issued-tokens.ts";
import { covers, parseScopes, type Scope, scopeText } from "./scopes.ts";

export interface TokenServiceOptions {
  /** Address of the token service, of one repository where each has its own. */
  readonly realm: string | ((repository: string | undefined) => string);
  /** As the challenge names the registry. */
  readonly service: string;
  /** The scope of a challenge that is about no repository. Default: none. */
  readonly scopeOfNone?: string;
  readonly tokens: IssuedTokens;
  /** The account that a pair belongs to; `undefined` = none. */
  readonly identify: (pair: BasicPair) => string | undefined;
  /** What of a wish an account gets (`undefined` for nobody's); what it may not is left out, and the answer is 200 all the same. */
  readonly grant: (account: string | undefined, wish: Scope) => Scope | undefined;
  /** What the service says of a request before it looks at it. Default: nothing. */
  readonly check?: (request: RegistryRequest, account: string | undefined) => RegistryResponse | undefined;
  /** The `scope` parameters that are looked at. Default: all. */
  readonly scopes?: (sent: readonly string[]) => readonly string[];
  /** The answer to a pair that nobody has. Default: 401. */
  readonly refused?: () => RegistryResponse;
  /** Whether a challenge says what was wrong with the token. Default: it does. */
  readonly saysWhy?: boolean;
  /** Default: `token` alone. */
  readonly reply?: (token: string, life: number) => object;
}

export interface TokenService {
  /** The token service's own endpoint. */
  readonly handler: RegistryHandler;
  /** For the registry's hook `authorise`: what a request without a good enough token is answered. `access` is the registry's own reading of it. */
  readonly refuse: (routed: RoutedRequest, access?: readonly Access[]) => RegistryResponse | undefined;
  /** The token that a request carries. */
  readonly tokenOf: (request: RegistryRequest) => IssuedToken | undefined;
  readonly challenge: (access: readonly Access[], error?: string) => Readonly<Record<string, string>>;
}

/** Distribution's token protocol. Source: distribution, `docs/content/spec/auth/token.md`. */
export function tokenService(options: TokenServiceOptions): TokenService {
  const challenge = challenges(options);
  const tokenOf = ({ headers }: RegistryRequest): IssuedToken | undefined => {
    const [, token] = /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "") ?? [];
    return token === undefined ? undefined : options.tokens.find(token);
  };
  return {
    handler: (request) => Promise.resolve(answer(request, options)),
    tokenOf,
    challenge,
    refuse: ({ request, access: usual }, access = usual) => {
      const token = tokenOf(request);
      if (request.headers["authorization"] === undefined) return unauthorised(challenge(access));
      if (token === undefined || token.expired) return unauthorised(challenge(access, "invalid_token"));
      return covers(token.access, access) ? undefined : unauthorised(challenge(access, "insufficient_scope"));
    },
  };
}

function challenges({ realm, service, scopeOfNone, saysWhy = true }: TokenServiceOptions): TokenService["challenge"] {
  return (access, error) => {
    const repository = access.find((each) => each.repository !== "*")?.repository;
    const parts = [`realm="${typeof realm === "string" ? realm : realm(repository)}"`, `service="${service}"`];
    const scope = access.length === 0 ? scopeOfNone : access.map(scopeText).join(" ");
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    if (error !== undefined && saysWhy) parts.push(`error="${error}"`);
    return { "www-authenticate": `Bearer ${parts.join(",")}` };
  };
}

function unauthorised(headers: Readonly<Record<string, string>>): RegistryResponse {
  return jsonResponse(401, { errors: [{ code: "UNAUTHORIZED", message: "authentication required", detail: null }] }, headers);
}

function answer(request: RegistryRequest, options: TokenServiceOptions): RegistryResponse {
  if (request.method !== "GET") return failure(405, "UNSUPPORTED", "the token service knows no other method than GET");
  const { authorization } = request.headers;
  const pair = basicPair(authorization);
  const account = pair && options.identify(pair);
  if (authorization !== undefined && account === undefined)
    return options.refused?.() ?? failure(401, "UNAUTHORIZED", "authentication required");
  return options.check?.(request, account) ?? jsonResponse(200, given(request, account, options));
}

function given({ query }: RegistryRequest, account: string | undefined, options: TokenServiceOptions): object {
  const { tokens, scopes = (sent: readonly string[]) => sent, reply = (token: string) => ({ token }) } = options;
  const granted = parseScopes(scopes(query.getAll("scope"))).flatMap((wish) => options.grant(account, wish) ?? []);
  return reply(tokens.issue(account, granted), tokens.life);
}
