import type { BasicPair } from "../world/basic-pair.ts";
import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export type HarborAction = "pull" | "push" | "delete";

export interface HarborAccount {
  readonly password: string;
  /** Robots of a project are named `robot$PROJECT+NAME`, those of the system `robot$NAME`; the prefix is configurable at Harbor. */
  readonly kind: "admin" | "user" | "system robot" | "project robot";
  /** By project; `*` for all. An administrator needs none. */
  readonly rights: Readonly<Record<string, readonly HarborAction[]>>;
}

export interface HarborProject {
  readonly public: boolean;
  /** Mirrors another registry. */
  readonly proxy?: boolean;
  /** Nothing more fits in. */
  readonly full?: boolean;
  /** Artifacts with findings are not given out. */
  readonly preventsVulnerable?: boolean;
  /** Tags of these repositories (paths within the registry) do not move. */
  readonly immutable?: readonly string[];
}

export interface HarborOptions {
  readonly host: string;
  /** By user name. */
  readonly accounts: ReadonlyMap<string, HarborAccount>;
}

/** What registry, token service and API of one Harbor share. */
export interface HarborState extends HarborOptions {
  readonly clock: EmulatorClock;
  readonly projects: Map<string, HarborProject>;
  readonly tokens: IssuedTokens;
  /** The account that a pair belongs to. */
  identify(pair: BasicPair): string | undefined;
  /** What somebody, or nobody, may do in a project. */
  rightsOf(account: string | undefined, project: string): readonly HarborAction[];
}

/** Default of TOKEN_EXPIRATION. Seconds. Source: goharbor/harbor, src/core/service/token/authutils.go. */
const tokenLife = 30 * 60;

export function harborState(options: HarborOptions, clock: EmulatorClock): HarborState {
  const { accounts } = options;
  const projects = new Map<string, HarborProject>();
  return {
    ...options,
    clock,
    projects,
    tokens: issuedTokens({ clock, life: tokenLife, jwt: { issuer: "harbor-token-issuer", audience: "harbor-registry" } }),
    identify: ({ user, password }) => (accounts.get(user)?.password === password ? user : undefined),
    rightsOf: (name, project) => {
      const own = rightsIn(accounts.get(name ?? ""), project);
      return own.length === 0 && projects.get(project)?.public === true ? ["pull"] : own;
    },
  };
}

function rightsIn(account: HarborAccount | undefined, project: string): readonly HarborAction[] {
  if (account?.kind === "admin") return ["pull", "push", "delete"];
  return account?.rights[project] ?? account?.rights["*"] ?? [];
}

export function projectOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}
