import { generateKeyPairSync, randomBytes } from "node:crypto";

import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";
import type { RecordedCall } from "../world/recorded-calls.ts";

export interface GarPrincipal {
  /** Permissions of Artifact Registry on every repository of the project: reader, writer, administrator. */
  readonly role: "none" | "reader" | "writer" | "admin";
}

export interface GarOptions {
  /** `europe-west1-docker.pkg.dev`, `gcr.io`, `eu.gcr.io` … */
  readonly host: string;
  readonly location: string;
  readonly project: string;
  /** By the address of the account. */
  readonly principals: ReadonlyMap<string, GarPrincipal>;
}

export interface GarRepository {
  readonly immutableTags: boolean;
  /** What its creation was asked for. */
  readonly wish: Readonly<Record<string, unknown>>;
}

/** What identity services, control plane and registry share. */
export interface GarState extends GarOptions {
  readonly isGcr: boolean;
  readonly clock: EmulatorClock;
  /** Google's access tokens, held by account. */
  readonly access: IssuedTokens;
  /** The registry's own tokens. */
  readonly bearer: IssuedTokens;
  /** By `PROJECT/NAME`. */
  readonly repositories: Map<string, GarRepository>;
  /** Long-running operations by name; each is done when it is looked at a second time. */
  readonly operations: Map<string, { looks: number; readonly result: object }>;
  /** Key of every service account here; Google gives each its own. */
  readonly keys: { readonly publicKey: string; readonly privateKey: string };
  /** Of a user who ran `gcloud auth application-default login`. */
  readonly refreshToken: string;
  /** What the control plane was asked, and what it said. */
  readonly calls: RecordedCall[];
}

/** Seconds. Source: Google, OAuth 2.0 access tokens (an hour); that the registry's own live as long is not verified. */
const life = 3600;

export function garState(options: GarOptions, clock: EmulatorClock): GarState {
  return {
    ...options,
    isGcr: /(^|\.)gcr\.io$/.test(options.host),
    clock,
    access: issuedTokens({ clock, life }),
    bearer: issuedTokens({ clock, life }),
    repositories: new Map(),
    operations: new Map(),
    keys: generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    }),
    refreshToken: `1//${randomBytes(24).toString("base64url")}`,
    calls: [],
  };
}

/** The repository that an image lies in, by `PROJECT/NAME`; under gcr.io all of a project lie in one that has the host's name. */
export function repositoryOf(image: string, { isGcr, host }: GarState): string {
  const [project = "", name = ""] = image.split("/");
  return `${project}/${isGcr ? host : name}`;
}

const permissions = {
  downloadArtifacts: ["reader", "writer", "admin"],
  uploadArtifacts: ["writer", "admin"],
  deleteArtifacts: ["admin"],
  get: ["reader", "writer", "admin"],
  list: ["reader", "writer", "admin"],
  create: ["admin"],
} as const;

export type Permission = keyof typeof permissions;

export function may({ principals }: GarState, account: string | undefined, permission: Permission): boolean {
  const role = principals.get(account ?? "")?.role ?? "none";
  return permissions[permission].some((each) => each === role);
}
