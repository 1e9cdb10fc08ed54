import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type JwtIssuer, jwtIssuer } from "../world/jwt.ts";

export type AcrAction = "pull" | "push" | "delete";

/** What somebody may do, by repository; `undefined` as repository asks for the catalogue. */
export type AcrRights = (repository: string | undefined) => readonly AcrAction[];

export interface AcrIdentity {
  /** Client secret or password. */
  readonly secret: string;
  readonly may: AcrRights;
}

export interface AcrOptions {
  /** `contoso` of `contoso.azurecr.io`. */
  readonly name: string;
  readonly tenant: string;
  /** Suffix of the registry's host. Default: `io`. */
  readonly cloud?: "io" | "cn" | "us";
  /** Host of Entra ID. Default: the public cloud's. */
  readonly authority?: string;
  /** Applications of Entra ID with a role at the registry, by client id. */
  readonly applications: ReadonlyMap<string, AcrIdentity>;
  /** The registry's own users, by name: the admin user, and tokens with a scope map. */
  readonly users?: ReadonlyMap<string, AcrIdentity>;
  /** Default: off, as at Azure. */
  readonly anonymousPull?: boolean;
  /** Blobs come from `<name>.<region>.data.azurecr.io` instead of Azure's storage. Default: off. */
  readonly dataEndpoint?: boolean;
  /** The challenge offers Basic as well, which the registry's own endpoints then refuse (Azure/acr#466). Default: off. */
  readonly alsoBasic?: boolean;
}

/** What token service, registry and Entra ID share. */
export interface AcrState extends Required<AcrOptions> {
  readonly host: string;
  readonly clock: EmulatorClock;
  /** The issuers of Entra's tokens, and of the registry's refresh and access tokens. */
  readonly entra: JwtIssuer;
  readonly refresh: JwtIssuer;
  readonly access: JwtIssuer;
  /** `repository` or `repository:tag` with `writeEnabled` off; `repository:*` = each tag that stands there. Source: azure-docs, image lock. */
  readonly locked: Set<string>;
  rightsOf(subject: unknown): AcrRights | undefined;
}

export const nobody = "anonymous";

export function acrState(options: AcrOptions, clock: EmulatorClock): AcrState {
  const users = options.users ?? new Map<string, AcrIdentity>();
  const anonymousPull = options.anonymousPull ?? false;
  return {
    cloud: "io",
    authority: "login.microsoftonline.com",
    dataEndpoint: false,
    alsoBasic: false,
    ...options,
    users,
    anonymousPull,
    host: `${options.name}.azurecr.${options.cloud ?? "io"}`,
    clock,
    entra: jwtIssuer(clock),
    refresh: jwtIssuer(clock),
    access: jwtIssuer(clock),
    locked: new Set(),
    rightsOf: (subject) => {
      if (subject === nobody) return anonymousPull ? (repository) => (repository === undefined ? [] : ["pull"]) : undefined;
      return (options.applications.get(String(subject)) ?? users.get(String(subject)))?.may;
    },
  };
}
