import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export type AcrAction = "pull" | "push" | "delete";

/** What somebody may do, by repository; `undefined` as repository asks for the catalogue. */
export type AcrRights = (repository: string | undefined) => readonly AcrAction[];

export interface AcrIdentity {
  /** Client secret or password. */
  readonly secret: string;
  /** `undefined` = no role at the registry: Entra ID knows it, the registry does not. */
  readonly may: AcrRights | undefined;
}

export interface AcrOptions {
  /** `contoso` of `contoso.azurecr.io`. */
  readonly name: string;
  readonly tenant: string;
  /** Suffix of the registry's host. Default: `io`. */
  readonly cloud?: "io" | "cn" | "us";
  /** Host of Entra ID. Default: the public cloud's. */
  readonly authority?: string;
  /** Applications of Entra ID, by client id. */
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
  /** The tokens of Entra ID for an audience (`https://containerregistry.azure.net`), held by client ids. */
  entra(audience: string): IssuedTokens;
  /** The registry's own, held by client ids, by users, or by nobody. */
  readonly refresh: IssuedTokens;
  readonly access: IssuedTokens;
  /** `repository` or `repository:tag` with `writeEnabled` off; `repository:*` = each tag that stands there. Source: azure-docs, image lock. */
  readonly locked: Set<string>;
  /** `undefined` = unknown here. */
  rightsOf(holder: string | undefined): AcrRights | undefined;
}

/** Seconds. Sources: @azure/container-registry (refresh), the sample claims of Azure/acr AAD-OAuth.md (access), Microsoft identity platform (Entra ID: 60 to 90 minutes). */
export const tokenLife = { refresh: 3 * 3600, access: 75 * 60, entra: 3600 };

export function acrState(options: AcrOptions, clock: EmulatorClock): AcrState {
  const users = options.users ?? new Map<string, AcrIdentity>();
  const anonymousPull = options.anonymousPull ?? false;
  const entra = new Map<string, IssuedTokens>();
  const host = `${options.name}.azurecr.${options.cloud ?? "io"}`;
  const own = { issuer: "Azure Container Registry", audience: host };
  return {
    cloud: "io",
    authority: "login.microsoftonline.com",
    dataEndpoint: false,
    alsoBasic: false,
    ...options,
    users,
    anonymousPull,
    host,
    clock,
    entra: (audience) => {
      const known =
        entra.get(audience) ??
        issuedTokens({ clock, life: tokenLife.entra, jwt: { issuer: `https://sts.windows.net/${options.tenant}/`, audience } });
      entra.set(audience, known);
      return known;
    },
    refresh: issuedTokens({ clock, life: tokenLife.refresh, jwt: own }),
    access: issuedTokens({ clock, life: tokenLife.access, jwt: own }),
    locked: new Set(),
    rightsOf: (holder) => {
      if (holder === undefined) return anonymousPull ? (repository) => (repository === undefined ? [] : ["pull"]) : undefined;
      return (options.applications.get(holder) ?? users.get(holder))?.may;
    },
  };
}
