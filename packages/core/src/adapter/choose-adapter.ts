import { parseChallenges } from "../auth/parse-challenges.ts";
import { ChartferryError } from "../errors.ts";
import type { HostMatch, ProbeAnswer, RegistryAdapter } from "./registry-adapter.ts";

export interface ChosenAdapter {
  readonly adapter: RegistryAdapter;
  readonly match: HostMatch;
  /** Why: it was asked for, its host pattern matched, its probe did, or nothing else was left. */
  readonly by: "name" | "host" | "probe" | "default";
}

/**
 * The adapter for a registry host. By name where one is given; else the first whose host pattern matches; else the first
 * whose probe knows the registry's first answer; else `generic`, which must be in the list.
 * `probe` sends that one request; it is only called when host patterns leave the choice open.
 */
export async function chooseAdapter(
  adapters: readonly RegistryAdapter[],
  host: string,
  options: { readonly name?: string | undefined; readonly probe: () => Promise<ProbeAnswer | undefined> },
): Promise<ChosenAdapter> {
  if (options.name !== undefined) {
    const adapter = adapterNamed(adapters, options.name);
    return { adapter, match: adapter.detect(host) ?? {}, by: "name" };
  }
  for (const adapter of adapters) {
    const match = adapter.detect(host);
    if (match !== undefined) return { adapter, match, by: "host" };
  }
  const probing = adapters.filter((adapter) => adapter.probe !== undefined);
  const answer = probing.length === 0 ? undefined : await options.probe();
  const adapter = answer && probing.find((candidate) => candidate.probe?.(answer));
  if (adapter !== undefined) return { adapter, match: {}, by: "probe" };
  return { adapter: adapterNamed(adapters, "generic"), match: {}, by: "default" };
}

/** @throws usage, naming the adapters there are */
export function adapterNamed(adapters: readonly RegistryAdapter[], name: string): RegistryAdapter {
  const adapter = adapters.find(({ id }) => id === name);
  if (adapter !== undefined) return adapter;
  throw new ChartferryError(`there is no adapter ${JSON.stringify(name.slice(0, 60))}`, {
    code: "usage",
    operation: "choose adapter",
    hint: `use one of: ${adapters.map(({ id }) => id).join(", ")}`,
  });
}

/** What an adapter's probe looks at, from the answer to an anonymous `GET /v2/`. */
export function probeAnswer(status: number, headers: Readonly<Record<string, string | undefined>>): ProbeAnswer {
  return { status, headers, challenges: parseChallenges(headers["www-authenticate"] ?? "") };
}
