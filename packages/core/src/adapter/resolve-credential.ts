import type { Credential } from "../auth/credential.ts";
import { adapterContext, type OpenConnectionOptions } from "./open-connection.ts";

export type ResolveCredentialOptions = Pick<
  OpenConnectionOptions,
  "registry" | "adapters" | "environment" | "tls" | "clock" | "debug" | "signal"
>;

/**
 * What the registry's own sources give for a host, for programs that ask by a credential helper: no credential file is read, so that whoever named the
 * helper in one is not asked again. `undefined` = no adapter knows the host by its name, or nothing is configured. @throws credentials-unavailable
 */
export async function resolveCredential(options: ResolveCredentialOptions): Promise<Credential | undefined> {
  const { adapters, registry, signal } = options;
  for (const adapter of adapters) {
    const match = adapter.detect(registry);
    if (match === undefined) continue;
    const context = adapterContext(
      { ...options, end: "target" },
      { origin: new URL(`https://${registry}`), chosen: { adapter, match, by: "host" } },
    );
    try {
      const { environment, chain } = adapter.credentials?.(context) ?? {};
      const request = { key: adapter.resolve?.(registry, "").credentialKey ?? registry, signal };
      return (await environment?.(request)) ?? (await chain?.(request));
    } finally {
      await context.http.close();
    }
  }
  return undefined;
}
