import type { Access } from "@chartferry/registry";

/** `type:name:actions`, as clients ask for it and tokens carry it. */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
  /** What else a token says of the name, by the service's own keys. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** The name may hold a port, so the last colon counts. What is no scope is left out. Source: distribution, `docs/content/spec/auth/scope.md`. */
export function parseScopes(texts: readonly string[]): Scope[] {
  return texts
    .flatMap((text) => text.split(" "))
    .flatMap((text) => {
      const [, type = "", name = "", actions = ""] = /^([a-z0-9]+(?:\([a-z0-9]+\))?):(.+):([^:]*)$/.exec(text) ?? [];
      return type === "" ? [] : [{ type, name, actions: actions.split(",").filter((action) => action !== "") }];
    });
}

export function scopeText({ repository, actions }: Access): string {
  return repository === "*" ? "registry:catalog:*" : `repository:${repository}:${actions.join(",")}`;
}

/** Whether what a token carries is enough for all of it; `*` is everything. */
export function covers(held: readonly Scope[], wanted: readonly Access[]): boolean {
  return parseScopes(wanted.map(scopeText)).every(({ type, name, actions }) =>
    actions.every((action) =>
      held.some((scope) => scope.type === type && scope.name === name && (scope.actions.includes(action) || scope.actions.includes("*"))),
    ),
  );
}
